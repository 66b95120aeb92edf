with
    -- Read twice, it would be copied first.
    identities as not materialized(
        select * from {{ ref("int_identity_users") }} where device_id is not null
    ),

    overrides as (select * from {{ ref("identity_overrides") }} where kind = 'device'),

    user_ids as (
        select exported_user_id as user_id
        from {{ ref("int_users") }}
        union all
        select distinct_id as user_id
        from {{ ref("int_users") }}
    ),

    seen as (
        select device_id, bit_xor(hash(identity_id, version)) as version,
        from identities
        group by device_id
    ),

    namesakes as (
        select seen.device_id from seen semi join user_ids on seen.device_id = user_ids.user_id
    ),

    versions as (
        select
            seen.device_id,
            namesakes.device_id is not null as is_also_a_user_id,
            hash(seen.version, is_also_a_user_id) as version,
        from seen
        left join namesakes on seen.device_id = namesakes.device_id
    ),

    changed as (
        select versions.*
        from versions {{ without_built("versions", ["version"], key=["device_id"]) }}
    ),

    devices as (
        select
            changed.device_id,
            changed.is_also_a_user_id,
            changed.version,
            sum(identities.events)::bigint as events,
            coalesce(
                sum(identities.events) filter (where identities.own_user_id is null), 0
            )::bigint as anonymous_events,
            count(distinct identities.person_user_id) as owners,
            case
                when count(distinct identities.person_user_id) = 1
                then min(identities.person_user_id)
            end as owner,
            coalesce(sum(identities.events) filter (where identities.is_ambiguous), 0)::bigint
            as ambiguous_events,
            min(identities.first_seen_at) as first_seen_at,
            max(identities.last_seen_at) as last_seen_at,
        from identities
        inner join changed on identities.device_id = changed.device_id
        group by changed.device_id, changed.is_also_a_user_id, changed.version
    ),

    overridden as (
        select
            devices.* replace (
                case
                    overrides.rule
                    when 'always_alias'
                    then overrides.person_id
                    when 'never_alias'
                    then null
                    else devices.owner
                end as owner
            ),
            overrides.rule,
        from devices
        left join overrides on devices.device_id = overrides.id
    ),

    judged as (
        select
            *,
            {{ is_nobodys_id("device_id") }} as is_nobodys,
            {{ is_illegal_id("device_id") }} as has_illegal_id,
            coalesce({{ is_illegal_id("owner") }}, false) as has_illegal_owner,
        from overridden
    ),

    named as (
        select
            *,
            case
                when rule is not null
                then 'overridden'
                when has_illegal_id
                then 'illegal_id'
                when owners > 1
                then 'shared_device'
                when is_also_a_user_id
                then 'collision'
                when has_illegal_owner
                then 'illegal_id'
                when owners = 1
                then 'alias'
                when ambiguous_events > 0
                then 'ambiguous'
                else 'anonymous'
            end as status,
        from judged
    ),

    addressed as (
        select
            *,
            status = 'alias' or coalesce(rule = 'always_alias', false) as is_alias,
            is_alias or status in ('anonymous', 'ambiguous') as is_distinct_id,
            case
                when is_nobodys
                then null
                when status = 'collision'
                then coalesce(owner, 'device:' || device_id)
                when status in ('anonymous', 'ambiguous')
                then device_id
                else owner
            end as distinct_id,
            case when is_alias then device_id else distinct_id end as anonymous_distinct_id,
        from named
    )

select *, hash(status, owner, is_alias, anonymous_distinct_id) as decision,
from addressed
