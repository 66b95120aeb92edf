with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    placeholder_user_ids as (
        select {{ bare_id("user_id") }} as bare_id from {{ ref("placeholder_user_ids") }}
    ),

    same_people as (
        select id, person_id from {{ ref("identity_overrides") }} where rule = 'same_as'
    ),

    named as (
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
            end as exported_user_id,
            device_id,
            amplitude_id,
        from events
    ),

    keyed as (
        select named.*, coalesce(same_people.person_id, named.exported_user_id) as user_id,
        from named
        left join same_people on named.exported_user_id = same_people.id
    )

select *
from keyed
