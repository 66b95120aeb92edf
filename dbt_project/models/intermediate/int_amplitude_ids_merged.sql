with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    identities as (select * from {{ ref("int_identities") }}),

    amplitude_ids as (select * from {{ ref("int_amplitude_ids") }}),

    recorded_merges as (select * from {{ ref("stg_amplitude__merged_ids") }}),

    amplitude_ids_on_devices as (
        select
            identities.device_id,
            identities.amplitude_id,
            bool_or(amplitude_ids.users > 0) as is_identified,
        from identities
        inner join amplitude_ids on identities.amplitude_id = amplitude_ids.amplitude_id
        where identities.device_id is not null and not {{ is_nobodys_id("identities.device_id") }}
        group by identities.device_id, identities.amplitude_id
    ),

    -- No other device shows a merge, and to put its rows in order would be in vain.
    telling_devices as (
        select device_id
        from amplitude_ids_on_devices
        group by device_id
        having count(distinct is_identified) = 2
    ),

    rows_on_devices as (
        select
            events.device_id,
            events.amplitude_id,
            events.server_upload_at,
            on_devices.is_identified,
            row_number() over (
                partition by events.device_id order by {{ order_of_arrival("events") }}
            ) as position,
        from events
        inner join
            amplitude_ids_on_devices as on_devices
            on events.device_id = on_devices.device_id
            and events.amplitude_id = on_devices.amplitude_id
        semi join telling_devices on events.device_id = telling_devices.device_id
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
        select device_id, amplitude_id, min(next_identified_position) as next_identified_position,
        from looking_ahead
        where not is_identified
        group by device_id, amplitude_id
    ),

    next_identified_rows as (
        select
            anonymous_ids.amplitude_id,
            anonymous_ids.device_id,
            identified_rows.amplitude_id as merged_into,
            identified_rows.server_upload_at as merged_at,
        from anonymous_ids
        inner join
            identified_rows
            on anonymous_ids.device_id = identified_rows.device_id
            and anonymous_ids.next_identified_position = identified_rows.position
    ),

    earliest_merge as (
        select *
        from next_identified_rows
        qualify row_number() over (partition by amplitude_id order by merged_at, device_id) = 1
    ),

    unrecorded_merges as (
        select earliest_merge.*
        from earliest_merge
        left join
            recorded_merges on earliest_merge.amplitude_id = recorded_merges.merged_amplitude_id
        where recorded_merges.merged_amplitude_id is null
    ),

    rebuilt_merges as (
        select
            unrecorded_merges.amplitude_id,
            unrecorded_merges.device_id,
            coalesce(recorded_merges.amplitude_id, unrecorded_merges.merged_into) as merged_into,
            unrecorded_merges.merged_at,
        from unrecorded_merges
        left join
            recorded_merges on unrecorded_merges.merged_into = recorded_merges.merged_amplitude_id
        where recorded_merges.amplitude_id is distinct from unrecorded_merges.amplitude_id
    ),

    all_merges as (
        select amplitude_id, device_id, merged_into, merged_at
        from rebuilt_merges
        union all
        select
            recorded_merges.merged_amplitude_id as amplitude_id,
            rebuilt_merges.device_id,
            coalesce(rebuilt_merges.merged_into, recorded_merges.amplitude_id) as merged_into,
            recorded_merges.merged_at,
        from recorded_merges
        left join rebuilt_merges on recorded_merges.amplitude_id = rebuilt_merges.amplitude_id
    )

select *
from all_merges
