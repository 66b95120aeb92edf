with
    events as (select * from {{ ref("int_events_keyed") }}),

    amplitude_ids as (select * from {{ ref("int_amplitude_ids") }}),

    merged_ids as (select * from {{ ref("int_amplitude_ids_merged") }}),

    survivors as (
        select
            amplitude_ids.amplitude_id,
            coalesce(merged_ids.merged_into, amplitude_ids.amplitude_id) as survivor_id,
        from amplitude_ids
        left join merged_ids on amplitude_ids.amplitude_id = merged_ids.amplitude_id
    ),

    survivor_users as (
        select
            survivors.survivor_id,
            min(amplitude_ids.user_id) as user_id,
            max(amplitude_ids.users) > 1
            or count(distinct amplitude_ids.user_id) > 1 as is_ambiguous,
        from survivors
        inner join amplitude_ids on survivors.amplitude_id = amplitude_ids.amplitude_id
        group by survivors.survivor_id
    ),

    amplitude_users as (
        select
            survivors.amplitude_id,
            survivors.survivor_id,
            survivor_users.is_ambiguous,
            case when not survivor_users.is_ambiguous then survivor_users.user_id end as user_id,
        from survivors
        inner join survivor_users on survivors.survivor_id = survivor_users.survivor_id
    ),

    resolved as (
        select
            events.event_uuid,
            events.server_upload_at,
            events.event_at,
            events.event_id,
            events.exported_user_id,
            events.user_id as own_user_id,
            events.device_id,
            events.amplitude_id,
            coalesce(events.user_id, amplitude_users.user_id) as person_user_id,
            coalesce(
                events.user_id,
                amplitude_users.user_id,
                'amplitude:' || coalesce(amplitude_users.survivor_id, events.amplitude_id)
            ) as amplitude_person_id,
            events.user_id is null
            and coalesce(amplitude_users.is_ambiguous, false) as is_ambiguous,
        from events
        left join amplitude_users on events.amplitude_id = amplitude_users.amplitude_id
    )

select *
from resolved
