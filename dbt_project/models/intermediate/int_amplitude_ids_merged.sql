with
    events as (select * from {{ ref("int_events_keyed") }}),

    amplitude_ids as (select * from {{ ref("int_amplitude_ids") }}),

    rows_on_devices as (
        select
            events.device_id,
            events.amplitude_id,
            events.server_upload_at,
            amplitude_ids.users > 0 as is_identified,
            row_number() over (
                partition by events.device_id order by {{ order_of_arrival("events") }}
            ) as position,
        from events
        inner join amplitude_ids on events.amplitude_id = amplitude_ids.amplitude_id
        where
            events.device_id is not null
            and events.server_upload_at is not null
            and not {{ is_nobodys_id("events.device_id") }}
    ),

    first_anonymous_rows as (
        select device_id, amplitude_id, min(position) as position,
        from rows_on_devices
        where not is_identified
        group by device_id, amplitude_id
    ),

    identified_rows as (select * from rows_on_devices where is_identified),

    next_identified_rows as (
        select
            first_anonymous_rows.amplitude_id,
            first_anonymous_rows.device_id,
            identified_rows.amplitude_id as merged_into,
            identified_rows.server_upload_at as merged_at,
        from first_anonymous_rows
        asof join
            identified_rows
            on first_anonymous_rows.device_id = identified_rows.device_id
            and first_anonymous_rows.position < identified_rows.position
    ),

    earliest_merge as (
        select *
        from next_identified_rows
        qualify row_number() over (partition by amplitude_id order by merged_at, device_id) = 1
    )

select *
from earliest_merge
