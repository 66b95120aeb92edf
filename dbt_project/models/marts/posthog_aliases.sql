with
    mapping as (select * from {{ ref("distinct_ids") }}),

    events as (select * from {{ ref("int_events_identified") }}),

    dated_events as (select * from {{ ref("stg_amplitude__events") }}),

    first_events as (
        select events.person_id, min(dated_events.event_at) as first_event_at,
        from events
        inner join dated_events on events.event_uuid = dated_events.event_uuid
        group by events.person_id
    ),

    aliases as (
        select mapping.id as device_id, mapping.distinct_id, first_events.first_event_at,
        from mapping
        inner join first_events on mapping.distinct_id = first_events.person_id
        where
            mapping.kind = 'device'
            and mapping.status = 'alias'
            and mapping.anonymous_events > 0
            and first_events.first_event_at is not null
    ),

    messages as (
        select
            {{ uuid_v5("'alias' || chr(31) || device_id || chr(31) || distinct_id") }} as uuid,
            '$create_alias' as event,
            distinct_id,
            first_event_at as "timestamp",
            json_object(
                'distinct_id', distinct_id, 'alias', device_id, '$geoip_disable', true
            )::varchar as properties,
        from aliases
    )

    {{ posthog_message("messages") }}
