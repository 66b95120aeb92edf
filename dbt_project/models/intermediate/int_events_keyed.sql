with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    placeholder_user_ids as (select * from {{ ref("placeholder_user_ids") }}),

    keyed as (
        select
            events.event_uuid,
            events.server_upload_at,
            case when placeholder_user_ids.user_id is null then events.user_id end as user_id,
            events.device_id,
            events.amplitude_id,
        from events
        left join placeholder_user_ids on lower(trim(events.user_id)) = placeholder_user_ids.user_id
    )

select *
from keyed
