with
    device_merges as (select * from {{ ref("int_device_merges") }} where merged_into is not null),

    recorded_merges as (select * from {{ ref("stg_amplitude__merged_ids") }}),

    earliest_merge as (
        select amplitude_id, device_id, merged_into, merged_at,
        from device_merges
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
