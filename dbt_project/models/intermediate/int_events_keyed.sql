with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    placeholder_user_ids as (
        select {{ bare_id("user_id") }} as bare_id from {{ ref("placeholder_user_ids") }}
    ),

    keyed as (
        select
            event_uuid,
            server_upload_at,
            event_at,
            event_id,
            case
                when
                    {{ bare_id("user_id") }}
                    not in (select placeholder_user_ids.bare_id from placeholder_user_ids)
                then user_id
            end as user_id,
            device_id,
            amplitude_id,
        from events
    )

select *
from keyed
