with
    -- Read twice, it would be copied first.
    lines as not materialized(select * from {{ ref("stg_amplitude__lines") }}),

    repeated as (
        select event_uuid, count(*) as copies from lines group by event_uuid having count(*) > 1
    ),

    changed as (select repeated.* from repeated {{ without_built("repeated", ["copies"]) }}),

    ranked as (
        select
            lines.*,
            changed.copies,
            row_number() over (
                partition by lines.event_uuid
                order by
                    lines.server_upload_at desc nulls last,
                    lines.export_file,
                    {{ row_as_text("lines") }}
            ) as occurrence,
        from lines
        inner join changed on lines.event_uuid = changed.event_uuid
    )

select *
from ranked
