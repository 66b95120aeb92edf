with
    lines as (select * from {{ ref("stg_amplitude__lines") }}),

    -- One CTE read twice would be copied first, and a view forgets `not materialized`.
    repeated as (select event_uuid from {{ ref("stg_amplitude__repeated_lines") }}),

    repeated_lines as (select * from {{ ref("stg_amplitude__repeated_lines") }}),

    single as (
        select lines.* from lines anti join repeated on lines.event_uuid = repeated.event_uuid
    ),

    latest as (select * exclude (copies, occurrence) from repeated_lines where occurrence = 1),

    events as (
        select *
        from single
        union all by name
        select *
        from latest
    )

select *
from events
