with
    events as (select * from {{ ref("events") }} where event_at is not null),

    users as (select * from {{ ref("users") }}),

    sessions as (select * from {{ ref("sessions") }}),

    days as (
        select
            event_at::date as day,
            count(*) as events,
            count(*) filter (where rejection is null) as events_to_send,
            count(distinct event_type) as event_types,
            count(distinct person_id) as active_persons,
        from events
        group by event_at::date
    ),

    newcomers as (
        select first_seen_at::date as day, count(*) as new_persons
        from users
        group by first_seen_at::date
    ),

    started as (
        select
            started_at::date as day,
            count(*) as sessions,
            avg(duration_seconds) as average_session_seconds,
        from sessions
        group by started_at::date
    )

select
    days.day,
    days.events,
    days.events_to_send,
    days.event_types,
    days.active_persons,
    coalesce(newcomers.new_persons, 0) as new_persons,
    coalesce(started.sessions, 0) as sessions,
    started.average_session_seconds,
from days
left join newcomers on days.day = newcomers.day
left join started on days.day = started.day
