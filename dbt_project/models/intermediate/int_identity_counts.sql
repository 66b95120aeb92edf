with
    census as (select * from {{ ref("int_identity_census") }}),

    superseded as (
        select identity_id, count(*) as lines, {{ version_of_arrivals() }} as version,
        from {{ ref("stg_amplitude__repeated_lines") }}
        where occurrence > 1
        group by identity_id
    ),

    -- Lines that gave way to another one of their uuid are taken off the counts.
    added_up as (
        select identity_id, lines, first_seen_at, last_seen_at, version,
        from census
        union all by name
        select identity_id, - lines as lines, version,
        from superseded
    ),

    counts as (
        select
            identity_id,
            sum(lines)::bigint as events,
            min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at,
            bit_xor(version) as version,
        from added_up
        group by identity_id
    )

select * replace (hash(version, first_seen_at, last_seen_at) as version),
from counts
where events > 0
