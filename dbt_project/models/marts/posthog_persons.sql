-- Its names come from a seed. depends_on: {{ ref('property_names') }}
with
    -- Read twice, they would be copied first.
    judged as not materialized(select * from {{ ref("int_posthog_events") }}),

    events as (select * from {{ ref("stg_amplitude__events") }}),

    identified as (
        select event_uuid, {{ has_profile("known_user_id") }} as has_profile,
        from {{ ref("int_events_identified") }}
    ),

    snapshots as (select * from {{ ref("int_user_snapshots") }}),

    profiles as (select * from {{ ref("int_person_profiles") }}),

    persons as (
        select judged.person_id, max(judged.event_at) as last_event_at,
        from judged
        inner join identified on judged.event_uuid = identified.event_uuid
        where judged.rejection is null and identified.has_profile
        group by judged.person_id
    ),

    -- An event that is excluded by rule still says what its person was like.
    told as (
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
            and not {{ is_after_cutover("events.event_at") }}
    ),

    changes as (
        select *
        from told
        qualify
            user_properties_hash is distinct from lag(user_properties_hash) over (
                partition by person_id order by {{ order_of_arrival("told") }}
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

    described as (
        select
            profiles.person_id,
            profiles.cohort_ids,
            profiles.user_properties is not null as has_properties,
            {{ json_deduplicated(json_strict("coalesce(profiles.user_properties, '{}')")) }} as bag,
        from profiles
        where profiles.is_found
    ),

    profile_members as ({{ user_members("described", "person_id, cohort_ids, has_properties") }}),

    states as (
        select
            persons.person_id,
            coalesce(last_changes.event_at, persons.last_event_at) as since,
            case
                when profile_members.has_properties
                then profile_members.set_members
                else snapshots.set_members
            end as own_set_members,
            case
                when profile_members.has_properties
                then profile_members.set_once_members
                else snapshots.set_once_members
            end as set_once_members,
            nullif(
                concat_ws(
                    ',', own_set_members, '"amplitude_cohort_ids":' || profile_members.cohort_ids
                ),
                ''
            ) as set_members,
        from persons
        left join last_changes on persons.person_id = last_changes.person_id
        left join snapshots on last_changes.user_properties_hash = snapshots.user_properties_hash
        left join profile_members on persons.person_id = profile_members.person_id
    ),

    written as (
        select
            person_id as distinct_id,
            since as "timestamp",
            '{'
            || {{ person_changes("set_members", "set_once_members") }}
            || ',"$geoip_disable":true}' as properties,
        from states
        where coalesce(set_members, set_once_members) is not null
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
