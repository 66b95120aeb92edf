with
    census as (select * from {{ ref("int_property_census") }}),

    repeated as (select * from {{ ref("int_property_census_repeated") }}),

    -- Lines that gave way to another one of their uuid are taken off the counts.
    added_up as (
        select *
        from census
        union all by name
        select
            bag,
            event_type,
            path,
            kind,
            - lines as lines,
            - numeric_strings as numeric_strings,
            - date_strings as date_strings,
            - timestamp_strings as timestamp_strings,
        from repeated
    ),

    kinds as (
        select
            bag,
            event_type,
            path,
            kind,
            sum(lines)::bigint as events,
            min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at,
            max(max_bytes) as max_bytes,
            min(example) as example,
            sum(numeric_strings)::bigint as numeric_strings,
            sum(date_strings)::bigint as date_strings,
            sum(timestamp_strings)::bigint as timestamp_strings,
        from added_up
        group by bag, event_type, path, kind
    )

select *
from kinds
where events > 0
