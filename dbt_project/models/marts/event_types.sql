with
    events as (select * from {{ ref("events") }}),

    catalog as (select * from {{ ref("property_catalog") }} where bag = 'event_properties'),

    properties as (select event_type, count(*) as properties from catalog group by event_type),

    event_types as (
        select
            event_type,
            count(*) as events,
            count(*) filter (where rejection is null) as events_to_send,
            count(distinct person_id) as persons,
            min(event_at) as first_seen_at,
            max(event_at) as last_seen_at,
        from events
        group by event_type
    ),

    named as (
        select
            *,
            {{ column_name_of("event_type") }} as plain_name,
            row_number() over (
                partition by {{ column_name_of("event_type") }} order by first_seen_at, event_type
            ) as number,
        from event_types
        where event_type is not null
    )

select
    event_types.event_type,
    event_types.events,
    event_types.events_to_send,
    event_types.persons,
    coalesce(properties.properties, 0) as properties,
    event_types.first_seen_at,
    event_types.last_seen_at,
    {{ numbered("named.plain_name", "named.number") }} as view_name,
from event_types
left join named on event_types.event_type = named.event_type
left join properties on event_types.event_type is not distinct from properties.event_type
