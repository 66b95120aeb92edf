with
    events as (select * from {{ ref("int_event_users") }}),

    devices as (select * from {{ ref("int_devices") }}),

    identified as (
        select
            events.event_uuid,
            events.server_upload_at,
            events.event_at,
            events.event_id,
            events.own_user_id,
            events.device_id,
            events.amplitude_person_id,
            events.is_ambiguous,
            case
                when events.own_user_id is not null
                then events.own_user_id
                when not devices.is_distinct_id
                then
                    coalesce(
                        events.person_user_id,
                        devices.anonymous_distinct_id,
                        'amplitude:' || events.amplitude_id
                    )
                else coalesce(devices.anonymous_distinct_id, events.person_user_id)
            end as distinct_id,
            coalesce(
                devices.status in ('alias', 'anonymous', 'ambiguous'), false
            ) as has_own_sessions,
            coalesce(
                events.own_user_id,
                case when devices.is_alias then devices.owner end,
                events.person_user_id
            ) as known_user_id,
        from events
        left join devices on events.device_id = devices.device_id
    )

-- A session in PostHog is one person's. Where all of a device's are one person's already, nobody is
-- named, and the sessions stay the same when an anonymous person logs in later.
select
    * exclude (has_own_sessions),
    coalesce(known_user_id, distinct_id) as person_id,
    case when not has_own_sessions then person_id end as session_owner,
from identified
