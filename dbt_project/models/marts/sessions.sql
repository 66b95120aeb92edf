with
    -- Read more than once, it would be copied first.
    events as not materialized(
        select *
        from {{ ref("events") }}
        where session_id is not null and device_id is not null and person_id is not null
    ),

    versions as (
        select person_id, device_id, session_id, {{ version_of_events("events") }} as version,
        from events
        group by person_id, device_id, session_id
    ),

    changed as (
        select versions.*
        from
            versions
            {{
                without_built(
                    "versions", ["version"], key=["person_id", "device_id", "session_id"]
                )
            }}
    ),

    sessions as (
        select
            events.person_id,
            events.device_id,
            events.session_id,
            changed.version,
            min(events.event_at) as started_at,
            max(events.event_at) as ended_at,
            date_diff('second', min(events.event_at), max(events.event_at)) as duration_seconds,
            count(*) as events,
            -- Amplitude's own marks of a session's two ends say nothing about what was done.
            arg_min(events.event_type, {{ moment("events") }}) filter (
                where events.rejection is distinct from 'excluded by rule'
            ) as entry_event,
            arg_max(events.event_type, {{ moment("events") }}) filter (
                where events.rejection is distinct from 'excluded by rule'
            ) as exit_event,
            arg_min(events.event_uuid, {{ moment("events") }}) as first_event_uuid,
        from events
        inner join
            changed
            on events.person_id = changed.person_id
            and events.device_id = changed.device_id
            and events.session_id = changed.session_id
        group by events.person_id, events.device_id, events.session_id, changed.version
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
    sessions.version,
from sessions
inner join events on sessions.first_event_uuid = events.event_uuid
