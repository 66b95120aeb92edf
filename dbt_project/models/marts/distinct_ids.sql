with
    identities as (select * from {{ ref("int_identities") }}),

    devices as (select * from {{ ref("int_devices") }}),

    user_evidence as (
        select
            exported_user_id as id,
            min(own_user_id) as distinct_id,
            sum(events) as events,
            min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at,
        from identities
        where exported_user_id is not null
        group by exported_user_id
    ),

    users as (
        select
            'user' as kind,
            id,
            distinct_id,
            case
                when distinct_id <> id
                then 'overridden'
                when {{ is_illegal_id("id") }}
                then 'illegal_id'
                else 'user'
            end as status,
            false as is_alias,
            events,
            0 as anonymous_events,
            1 as users,
            first_seen_at,
            last_seen_at,
        from user_evidence
    ),

    mapped_devices as (
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
        from devices
    ),

    mapping as (
        select *
        from users
        union all by name
        select *
        from mapped_devices
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
