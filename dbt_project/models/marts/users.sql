with
    -- Read more than once, it would be copied first.
    events as not materialized(select * from {{ ref("events") }} where person_id is not null),

    profiles as (select * from {{ ref("int_person_profiles") }}),

    people as (
        select person_id, {{ version_of_events("events") }} as version
        from events
        group by person_id
    ),

    versions as (
        select
            people.person_id,
            hash(
                people.version, profiles.is_found, profiles.user_properties, profiles.cohort_ids
            ) as version,
        from people
        left join profiles on people.person_id = profiles.person_id
    ),

    changed as (
        select versions.*
        from versions {{ without_built("versions", ["version"], key=["person_id"]) }}
    ),

    persons as (
        select
            events.person_id,
            bool_or(events.user_id is not null) as is_identified,
            count(*) as events,
            count(distinct events.device_id || ' ' || events.session_id) as sessions,
            count(distinct events.device_id) as devices,
            min(events.event_at) as first_seen_at,
            max(events.event_at) as last_seen_at,
            -- Order in time is that of arrival: a phone may have been offline for days.
            arg_max(events.event_uuid, {{ arrival("events") }}) filter (
                where events.user_properties is not null
            ) as last_event_uuid,
        from events
        semi join changed on events.person_id = changed.person_id
        group by events.person_id
    )

select
    persons.person_id,
    persons.is_identified,
    persons.events,
    persons.sessions,
    persons.devices,
    persons.first_seen_at,
    persons.last_seen_at,
    events.platform as last_platform,
    events.country as last_country,
    events.user_properties,
    profiles.is_found as has_profile,
    profiles.user_properties as profile_properties,
    profiles.cohort_ids,
    changed.version,
from persons
inner join changed on persons.person_id = changed.person_id
left join events on persons.last_event_uuid = events.event_uuid
left join profiles on persons.person_id = profiles.person_id
