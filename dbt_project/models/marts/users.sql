with
    -- Read twice, it would be copied first.
    events as not materialized(select * from {{ ref("events") }} where person_id is not null),

    profiles as (select * from {{ ref("int_person_profiles") }}),

    persons as (
        select
            person_id,
            bool_or(user_id is not null) as is_identified,
            count(*) as events,
            count(distinct device_id || ' ' || session_id) as sessions,
            count(distinct device_id) as devices,
            min(event_at) as first_seen_at,
            max(event_at) as last_seen_at,
            -- Order in time is that of arrival: a phone may have been offline for days.
            arg_max(event_uuid, {{ arrival("events") }}) filter (
                where user_properties is not null
            ) as last_event_uuid,
        from events
        group by person_id
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
from persons
left join events on persons.last_event_uuid = events.event_uuid
left join profiles on persons.person_id = profiles.person_id
