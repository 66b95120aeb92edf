with
    events as (
        select *, {{ json_entries("unusable_cells") }} as cells
        from {{ ref("stg_amplitude__events") }}
        where unusable_cells is not null
    ),

    cells as (
        select event_uuid, event_at, event_at_source, unnest(cells, recursive := true) from events
    ),

    repairs as (
        select
            event_uuid,
            key as export_key,
            json_extract_string(value, '$') as exported_value,
            case when key = 'event_time' then event_at::varchar end as used_value,
            case
                when key <> 'event_time'
                then 'unreadable: null instead'
                when event_at_source is null
                then 'unreadable or absent, as are all times: the event is not sent'
                else 'unreadable, absent or after the upload: ' || event_at_source || ' instead'
            end as rule,
        from cells
    )

select *
from repairs
