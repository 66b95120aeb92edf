with
    judged as (select * from {{ ref("int_posthog_events") }} where rejection is not null),

    repeated_lines as (select * from {{ ref("stg_amplitude__repeated_lines") }}),

    rejected as (
        select
            export_file,
            event_uuid as uuid,
            1 as occurrence,
            event_type,
            event_at as event_time,
            rejection as reason,
            rejection_detail as detail,
        from judged
    ),

    duplicates as (
        select
            export_file,
            event_uuid as uuid,
            occurrence,
            event_type,
            event_at as event_time,
            'duplicate' as reason,
            'the line with the latest server_upload_time is kept' as detail,
        from repeated_lines
        where occurrence > 1
    )

select *
from rejected
union all by name
select *
from duplicates
