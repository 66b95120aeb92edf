with
    -- Read twice, it would be copied first.
    identities as not materialized(select * from {{ ref("int_identity_users") }}),

    overrides as (select * from {{ ref("identity_overrides") }} where kind = 'device'),

    users as (
        select exported_user_id as user_id
        from identities
        where exported_user_id is not null
        union
        select own_user_id as user_id
        from identities
        where own_user_id is not null
    ),

    devices as (
        select
            device_id,
            sum(events)::bigint as events,
            coalesce(sum(events) filter (where own_user_id is null), 0)::bigint as anonymous_events,
            count(distinct person_user_id) as owners,
            case when count(distinct person_user_id) = 1 then min(person_user_id) end as owner,
            coalesce(sum(events) filter (where is_ambiguous), 0)::bigint as ambiguous_events,
            min(first_seen_at) as first_seen_at,
            max(last_seen_at) as last_seen_at,
        from identities
        where device_id is not null
        group by device_id
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
            overridden.*,
            {{ is_nobodys_id("overridden.device_id") }} as is_nobodys,
            {{ is_illegal_id("overridden.device_id") }} as has_illegal_id,
            coalesce({{ is_illegal_id("overridden.owner") }}, false) as has_illegal_owner,
            users.user_id is not null as is_also_a_user_id,
        from overridden
        left join users on overridden.device_id = users.user_id
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

select *
from addressed
