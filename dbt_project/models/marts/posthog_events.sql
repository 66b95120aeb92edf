with
    events as (select * from {{ ref("int_posthog_events") }} where rejection is null),

    messages as (
        select
            event_uuid as uuid,
            posthog_event as event,
            distinct_id,
            event_at as "timestamp",
            properties,
        from events
    )

    {{ posthog_message("messages") }}
