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
    ),

    -- In the view of its event type a property is numbered among those of that type alone.
    named as (
        select
            catalogued.*,
            paths.column_name,
            paths.column_type,
            paths.plain_name,
            paths.same_names,
            row_number() over (
                partition by
                    catalogued.bag,
                    catalogued.event_type,
                    paths.plain_name,
                    catalogued.events > 0,
                    paths.column_name is null
                order by paths.first_seen_at, paths.path
            ) as number,
        from catalogued
        inner join paths on catalogued.bag = paths.bag and catalogued.path = paths.path
    )

select
    named.bag,
    named.event_type,
    named.path,
    named.kinds,
    named.is_mixed,
    named.events,
    named.events / events.events as share,
    named.first_seen_at,
    named.last_seen_at,
    named.max_bytes,
    named.example,
    named.numeric_strings,
    named.date_strings,
    named.timestamp_strings,
    named.column_name,
    named.column_type,
    case
        when named.column_name is not null and named.events > 0
        then {{ numbered("named.plain_name", "named.number") }}
    end as readable_name,
    named.same_names > 1 as is_colliding,
from named
inner join events on named.event_type is not distinct from events.event_type
