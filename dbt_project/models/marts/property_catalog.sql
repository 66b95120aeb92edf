with
    kinds as (select * from {{ ref("int_property_kinds") }}),

    paths as (select * from {{ ref("int_property_paths") }}),

    events as (
        select event_type, count(*) as events
        from {{ ref("stg_amplitude__events") }}
        group by event_type
    ),

    catalogued as (
        select
            bag,
            event_type,
            path,
            coalesce(sum(events) filter (where kind <> 'null'), 0)::bigint as events,
            map_from_entries(list((kind, events) order by kind)) as kinds,
            count(*) filter (where kind <> 'null') > 1 as is_mixed,
            min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at,
            max(max_bytes) as max_bytes,
            min(example) as example,
            sum(numeric_strings)::bigint as numeric_strings,
            sum(date_strings)::bigint as date_strings,
            sum(timestamp_strings)::bigint as timestamp_strings,
        from kinds
        group by bag, event_type, path
    )

select
    catalogued.bag,
    catalogued.event_type,
    catalogued.path,
    catalogued.kinds,
    catalogued.is_mixed,
    catalogued.events,
    catalogued.events / events.events as share,
    catalogued.first_seen_at,
    catalogued.last_seen_at,
    catalogued.max_bytes,
    catalogued.example,
    catalogued.numeric_strings,
    catalogued.date_strings,
    catalogued.timestamp_strings,
    paths.column_name,
    paths.column_type,
    paths.readable_name,
    paths.same_names > 1 as is_colliding,
from catalogued
inner join paths on catalogued.bag = paths.bag and catalogued.path = paths.path
inner join events on catalogued.event_type is not distinct from events.event_type
