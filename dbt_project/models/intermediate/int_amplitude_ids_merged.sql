with
    events as (select * from {{ ref("int_events_keyed") }}),

    amplitude_ids as (select * from {{ ref("int_amplitude_ids") }}),

    rows_on_devices as (
        select
            events.device_id,
            events.amplitude_id,
            events.server_upload_at,
            events.event_uuid,
            amplitude_ids.users > 0 as is_identified,
        from events
        inner join amplitude_ids on events.amplitude_id = amplitude_ids.amplitude_id
        where events.device_id is not null and events.server_upload_at is not null
    ),

    first_anonymous_rows as (
        select device_id, amplitude_id, server_upload_at, event_uuid,
        from rows_on_devices
        where not is_identified
        qualify
            row_number() over (
                partition by device_id, amplitude_id order by server_upload_at, event_uuid
            )
            = 1
    ),

    identified_moments as (
        select device_id, server_upload_at, arg_min(amplitude_id, event_uuid) as amplitude_id,
        from rows_on_devices
        where is_identified
        group by device_id, server_upload_at
    ),

    next_identified as (
        select
            first_anonymous_rows.amplitude_id,
            first_anonymous_rows.device_id,
            identified_moments.amplitude_id as merged_into,
            identified_moments.server_upload_at as merged_at,
        from first_anonymous_rows
        asof join
            identified_moments
            on first_anonymous_rows.device_id = identified_moments.device_id
            and first_anonymous_rows.server_upload_at <= identified_moments.server_upload_at
    ),

    earliest_merge as (
        select *
        from next_identified
        qualify row_number() over (partition by amplitude_id order by merged_at, device_id) = 1
    )

select *
from earliest_merge
