with
    mapping as (select * from {{ ref("distinct_ids") }}),

    -- Read twice, it would be copied first.
    events as not materialized(
        select * from {{ ref("int_posthog_events") }} where rejection is null
    ),

    first_events as (
        select person_id, min(event_at) as first_event_at, from events group by person_id
    ),

    anonymous_senders as (select distinct_id from events group by distinct_id),

    aliases as (
        select mapping.id as device_id, mapping.distinct_id, first_events.first_event_at,
        from mapping
        inner join anonymous_senders on mapping.id = anonymous_senders.distinct_id
        inner join first_events on mapping.distinct_id = first_events.person_id
        where mapping.kind = 'device' and mapping.is_alias
    ),

    -- PostHog adds an id that it does not know to another one's person with no check, whoever that
    -- is. Of two that it knows it checks whether they may be merged: so it meets the person first.
    introductions as (
        select
            {{ uuid_v5("to_json(['introduction', distinct_id])::varchar") }} as uuid,
            '$set' as event,
            distinct_id,
            min(first_event_at) as "timestamp",
            '{"$set":{},"$geoip_disable":true}' as properties,
        from aliases
        group by distinct_id
    ),

    links as (
        select
            {{ uuid_v5("to_json(['alias', device_id, distinct_id])::varchar") }} as uuid,
            '$create_alias' as event,
            distinct_id,
            first_event_at + interval 1 millisecond as "timestamp",
            json_object(
                'distinct_id', distinct_id, 'alias', device_id, '$geoip_disable', true
            )::varchar as properties,
        from aliases
    ),

    messages as (
        select *
        from introductions
        union all
        select *
        from links
    )

    {{ posthog_message("messages") }}
