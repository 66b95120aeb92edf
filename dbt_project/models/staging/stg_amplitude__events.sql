with
    lines as (select * from {{ ref("stg_amplitude__lines") }}),

    repeated_lines as (select * from {{ ref("stg_amplitude__repeated_lines") }}),

    single as (
        select lines.*
        from lines
        anti join repeated_lines on lines.event_uuid = repeated_lines.event_uuid
    ),

    latest as (select * exclude (occurrence) from repeated_lines where occurrence = 1),

    events as (
        select *
        from single
        union all by name
        select *
        from latest
    )

select *
from events
