with
    -- Read twice, it would be copied first.
    lines as not materialized(select * from {{ ref("stg_amplitude__lines") }}),

    repeated as (select event_uuid from lines group by event_uuid having count(*) > 1),

    ranked as (
        select
            lines.*,
            row_number() over (
                partition by lines.event_uuid
                order by
                    lines.server_upload_at desc nulls last,
                    lines.export_file,
                    {{ row_as_text("lines") }}
            ) as occurrence,
        from lines
        inner join repeated on lines.event_uuid = repeated.event_uuid
    )

select *
from ranked
