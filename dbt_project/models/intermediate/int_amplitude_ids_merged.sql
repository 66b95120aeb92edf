with
    events as (select * from {{ ref("int_events_keyed") }}),

    amplitude_ids as (select * from {{ ref("int_amplitude_ids") }}),

    recorded_merges as (select * from {{ ref("stg_amplitude__merged_ids") }}),

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
