with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    identities as (select * from {{ ref("int_identities") }}),

    amplitude_ids as (select * from {{ ref("int_amplitude_ids") }}),

    devices as (select * from {{ ref("int_merging_devices") }}),

    changed as (
        select devices.* from devices {{ without_built("devices", ["version"], key=["device_id"]) }}
    ),

    rows_on_devices as (
        select
            identities.device_id,
            identities.amplitude_id,
            events.server_upload_at,
            changed.version,
            amplitude_ids.users > 0 as is_identified,
            row_number() over (
                partition by identities.device_id order by {{ order_of_arrival("events") }}
            ) as position,
        from events
        inner join identities on events.identity_id = identities.identity_id
        inner join changed on identities.device_id = changed.device_id
        inner join amplitude_ids on identities.amplitude_id = amplitude_ids.amplitude_id
        where events.server_upload_at is not null
    ),

    identified_rows as (select * from rows_on_devices where is_identified),

    -- An asof join says the same, but DuckDB at times compares every pair of rows for it.
    looking_ahead as (
        select
            *,
            min(position) filter (where is_identified) over (
                partition by device_id order by position desc
            ) as next_identified_position,
        from rows_on_devices
    ),

    -- Of an id's first row, since it never decreases from row to row.
    anonymous_ids as (
        select
            device_id,
            amplitude_id,
            version,
            min(next_identified_position) as next_identified_position,
        from looking_ahead
        where not is_identified
        group by device_id, amplitude_id, version
    )

select
    anonymous_ids.device_id,
    anonymous_ids.amplitude_id,
    identified_rows.amplitude_id as merged_into,
    identified_rows.server_upload_at as merged_at,
    anonymous_ids.version,
from anonymous_ids
left join
    identified_rows
    on anonymous_ids.device_id = identified_rows.device_id
    and anonymous_ids.next_identified_position = identified_rows.position
