with
    -- Read twice, it would be copied first.
    identities as not materialized(
        select * from {{ ref("int_identities") }} where exported_user_id is not null
    ),

    versions as (
        select exported_user_id, bit_xor(hash(identity_id, version)) as version,
        from identities
        group by exported_user_id
    ),

    changed as (
        select versions.*
        from versions {{ without_built("versions", ["version"], key=["exported_user_id"]) }}
    ),

    users as (
        select
            changed.exported_user_id,
            changed.version,
            min(identities.own_user_id) as distinct_id,
            sum(identities.events)::bigint as events,
            min(identities.first_seen_at) as first_seen_at,
            max(identities.last_seen_at) as last_seen_at,
        from identities
        inner join changed on identities.exported_user_id = changed.exported_user_id
        group by changed.exported_user_id, changed.version
    ),

    judged as (
        select
            *,
            case
                when distinct_id <> exported_user_id
                then 'overridden'
                when {{ is_illegal_id("exported_user_id") }}
                then 'illegal_id'
                else 'user'
            end as status,
        from users
    )

select *
from judged
