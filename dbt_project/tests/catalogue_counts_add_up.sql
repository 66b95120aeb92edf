-- The catalogue is added up load by load, from what is in the bags; this adds up how many members
-- each event was seen to have.
with
    by_type as (
        select
            event_type,
            count(*) filter (where event_property_count > 0) as event_events,
            sum(event_property_count) as event_properties,
            count(*) filter (where user_property_count > 0) as user_events,
            sum(user_property_count) as user_properties,
            count(*) filter (where group_property_count > 0) as group_events,
            sum(group_property_count) as group_properties,
        from {{ ref("events") }}
        group by event_type
    ),

    counted as (
        select
            'event_properties' as bag,
            event_type,
            event_events as events,
            event_properties as properties,
        from by_type
        where event_events > 0
        union all
        select
            'user_properties' as bag,
            event_type,
            user_events as events,
            user_properties as properties,
        from by_type
        where user_events > 0
        union all
        select
            'group_properties' as bag,
            event_type,
            group_events as events,
            group_properties as properties,
        from by_type
        where group_events > 0
    ),

    paths as (
        select bag, event_type, path, sum(events) as events,
        from {{ ref("int_property_kinds") }}
        group by bag, event_type, path
    ),

    catalogued as (
        select
            bag,
            event_type,
            sum(events) filter (where {{ path_depth("path") }} = 1) as properties,
            -- One event can hold several groups of a type.
            max(events) filter (where not contains(path, '/*/')) as most_events,
        from paths
        group by bag, event_type
    ),

    compared as (
        select
            coalesce(counted.bag, catalogued.bag) as bag,
            coalesce(counted.event_type, catalogued.event_type) as event_type,
            counted.events,
            counted.properties,
            catalogued.properties as catalogued_properties,
            catalogued.most_events,
        from counted
        full join
            catalogued
            on counted.bag = catalogued.bag
            and counted.event_type is not distinct from catalogued.event_type
    )

select *
from compared
where properties is distinct from catalogued_properties or most_events > events
