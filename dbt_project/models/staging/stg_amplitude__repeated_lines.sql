with
    lines as (select * from {{ ref("stg_amplitude__lines") }}),

    repeated as (select event_uuid from lines group by event_uuid having count(*) > 1),

    ranked as (
        select
            lines.*,
            row_number() over (
                partition by lines.event_uuid
                order by
                    lines.server_upload_at desc nulls last,
                    lines.export_file,
                    to_json(lines.exported)::varchar
            ) as occurrence,
        from lines
        inner join repeated on lines.event_uuid = repeated.event_uuid
    )

select *
from ranked
