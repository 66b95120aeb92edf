with
    identified as (select * from {{ ref("int_events_identified") }}),

    judged as (select * from {{ ref("int_posthog_events") }} where rejection is null),

    events as (select * from {{ ref("stg_amplitude__events") }}),

    profiles as (select * from {{ ref("stg_amplitude__user_profiles") }} where is_found),

    names as (select * from {{ ref("int_property_names") }}),

    last_snapshots as (
        select
            identified.person_id,
            max(events.event_at) as last_event_at,
            arg_max(
                coalesce(events.user_properties, '{}'),
                (identified.server_upload_at, identified.event_uuid)
            ) as user_properties,
        from identified
        inner join judged on identified.event_uuid = judged.event_uuid
        inner join events on identified.event_uuid = events.event_uuid
        group by identified.person_id
    ),

    states as (
        select
            last_snapshots.person_id,
            last_snapshots.last_event_at,
            {{
                json_strict(
                    "coalesce(profiles.user_properties, last_snapshots.user_properties)::varchar"
                )
            }} as user_properties,
            profiles.cohort_ids,
            names.user_names,
        from last_snapshots
        left join profiles on last_snapshots.person_id = profiles.user_id
        cross join names
    ),

    opened as (select *, {{ json_entries("user_properties") }} as entries from states),

    sorted_out as (select *, {{ entries_set("entries") }} as set_entries from opened),

    spelled as (
        select
            person_id,
            last_event_at,
            {{ renamed_members(entries_without_prefix("set_entries", "initial_"), "user_names") }}
            || case
                when cohort_ids is null
                then []
                else ['"amplitude_cohort_ids":' || cohort_ids::varchar]
            end as set_members,
            {{ renamed_members(entries_with_prefix("set_entries", "initial_"), "user_names") }}
            as set_once_members,
        from sorted_out
    ),

    assembled as (
        select
            person_id as distinct_id,
            last_event_at as "timestamp",
            [
                {{ json_object_member("$set", "set_members") }},
                {{ json_object_member("$set_once", "set_once_members") }}
            ] as members,
        from spelled
        where len(set_members) > 0 or len(set_once_members) > 0
    ),

    messages as (
        select
            distinct_id,
            "timestamp",
            {{ json_object_text("members || ['\"$geoip_disable\":true']") }} as properties,
        from assembled
    ),

    identified_messages as (
        select
            {{ uuid_v5("concat_ws(chr(31), 'person', distinct_id, properties)") }} as uuid,
            '$set' as event,
            distinct_id,
            "timestamp",
            properties,
        from messages
    )

    {{ posthog_message("identified_messages") }}
