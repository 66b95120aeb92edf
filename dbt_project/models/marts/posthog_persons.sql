with
    -- Read twice, they would be copied first.
    judged as not materialized(select * from {{ ref("int_posthog_events") }}),

    events as not materialized(select * from {{ ref("stg_amplitude__events") }}),

    profiles as (select * from {{ ref("int_person_profiles") }}),

    names as (select * from {{ ref("int_property_names") }}),

    persons as (
        select person_id, max(event_at) as last_event_at,
        from judged
        where rejection is null
        group by person_id
    ),

    -- An event that is excluded by rule still says what its person was like.
    snapshots as (
        select
            judged.person_id,
            events.event_uuid,
            events.server_upload_at,
            events.event_at,
            events.event_id,
            events.user_properties_hash,
        from judged
        inner join events on judged.event_uuid = events.event_uuid
        where
            coalesce(judged.rejection, 'excluded by rule') = 'excluded by rule'
            and events.user_properties_hash is not null
    ),

    changes as (
        select *
        from snapshots
        qualify
            user_properties_hash is distinct from lag(user_properties_hash) over (
                partition by person_id order by {{ order_of_arrival("snapshots") }}
            )
    ),

    last_changes as (
        select *
        from changes
        qualify
            lead(event_uuid) over (
                partition by person_id order by {{ order_of_arrival("changes") }}
            )
            is null
    ),

    states as (
        select
            persons.person_id,
            coalesce(last_changes.event_at, persons.last_event_at) as since,
            coalesce(profiles.user_properties, events.user_properties)::varchar as user_bag,
            profiles.cohort_ids,
            names.user_names,
        from persons
        left join last_changes on persons.person_id = last_changes.person_id
        left join events on last_changes.event_uuid = events.event_uuid
        left join
            profiles
            on persons.person_id = profiles.person_id
            and profiles.is_found
            and profiles.user_properties is not null
        cross join names
    ),

    strict as (
        select * replace (coalesce({{ json_strict("user_bag") }}, '{}') as user_bag), from states
    ),

    opened as (select *, {{ json_entries("user_bag") }} as entries, from strict),

    sorted_out as (select *, {{ entries_set("entries") }} as set_entries, from opened),

    spelled as (
        select
            person_id,
            since,
            {{ all_members(entries_without_prefix("set_entries", "initial_"), "user_names") }}
            || case
                when cohort_ids is null then [] else ['"amplitude_cohort_ids":' || cohort_ids]
            end as set_members,
            {{ all_members(entries_with_prefix("set_entries", "initial_"), "user_names") }}
            as set_once_members,
        from sorted_out
    ),

    assembled as (
        select
            person_id as distinct_id,
            since as "timestamp",
            [
                {{ json_object_member("$set", "set_members") }},
                {{ json_object_member("$set_once", "set_once_members") }},
                '"$geoip_disable":true'
            ] as members,
        from spelled
        where len(set_members) > 0 or len(set_once_members) > 0
    ),

    written as (
        select distinct_id, "timestamp", {{ json_object_text("members") }} as properties,
        from assembled
    ),

    messages as (
        select
            {{
                uuid_v5(
                    "to_json(['person', distinct_id, \"timestamp\"::varchar, properties])::varchar"
                )
            }} as uuid, '$set' as event, distinct_id, "timestamp", properties,
        from written
    )

    {{ posthog_message("messages") }}
