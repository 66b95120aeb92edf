with
    -- Read twice, it would be copied first.
    events as not materialized(
        select *
        from {{ ref("events") }}
        where session_id is not null and device_id is not null and person_id is not null
    ),

    sessions as (
        select
            person_id,
            device_id,
            session_id,
            min(event_at) as started_at,
            max(event_at) as ended_at,
            date_diff('second', min(event_at), max(event_at)) as duration_seconds,
            count(*) as events,
            -- Amplitude's own marks of a session's two ends say nothing about what was done.
            arg_min(event_type, {{ moment("events") }}) filter (
                where rejection is distinct from 'excluded by rule'
            ) as entry_event,
            arg_max(event_type, {{ moment("events") }}) filter (
                where rejection is distinct from 'excluded by rule'
            ) as exit_event,
            arg_min(event_uuid, {{ moment("events") }}) as first_event_uuid,
        from events
        group by person_id, device_id, session_id
    )

select
    sessions.person_id,
    sessions.device_id,
    sessions.session_id,
    sessions.started_at,
    sessions.ended_at,
    sessions.duration_seconds,
    sessions.events,
    sessions.entry_event,
    sessions.exit_event,
    events.platform,
    events.device_family,
    events.device_type,
    events.os_name,
    events.version_name,
    events.country,
    events.region,
    events.city,
from sessions
inner join events on sessions.first_event_uuid = events.event_uuid
