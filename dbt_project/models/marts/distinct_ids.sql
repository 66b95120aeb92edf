with
    users as (
        select
            'user' as kind,
            exported_user_id as id,
            distinct_id,
            status,
            false as is_alias,
            events,
            0 as anonymous_events,
            1 as users,
            first_seen_at,
            last_seen_at,
        from {{ ref("int_users") }}
    ),

    devices as (
        select
            'device' as kind,
            device_id as id,
            distinct_id,
            status,
            is_alias,
            events,
            anonymous_events,
            owners as users,
            first_seen_at,
            last_seen_at,
        from {{ ref("int_devices") }}
    ),

    mapping as (
        select *
        from users
        union all by name
        select *
        from devices
    ),

    reasons as (select * from {{ ref("identity_reasons") }})

select
    mapping.kind,
    mapping.id,
    mapping.distinct_id,
    mapping.status,
    mapping.is_alias,
    mapping.events::bigint as events,
    mapping.anonymous_events::bigint as anonymous_events,
    mapping.users::bigint as users,
    mapping.first_seen_at,
    mapping.last_seen_at,
    reasons.reason,
from mapping
inner join reasons on mapping.kind = reasons.kind and mapping.status = reasons.status
