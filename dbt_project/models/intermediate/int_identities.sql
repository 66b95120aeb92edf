with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    placeholder_user_ids as (
        select {{ bare_id("user_id") }} as bare_id from {{ ref("placeholder_user_ids") }}
    ),

    same_people as (
        select id, person_id from {{ ref("identity_overrides") }} where rule = 'same_as'
    ),

    identities as (
        select
            user_id,
            device_id,
            amplitude_id,
            count(*) as events,
            min(server_upload_at) as first_seen_at,
            max(server_upload_at) as last_seen_at,
            bit_xor(hash(event_uuid, server_upload_at, event_at, event_id)) as version,
        from events
        group by user_id, device_id, amplitude_id
    ),

    named as (
        select
            *,
            case
                when
                    {{ bare_id("user_id") }}
                    not in (select placeholder_user_ids.bare_id from placeholder_user_ids)
                then user_id
            end as exported_user_id,
        from identities
    ),

    known as (
        select named.*, coalesce(same_people.person_id, named.exported_user_id) as own_user_id,
        from named
        left join same_people on named.exported_user_id = same_people.id
    )

select *
from known
