with
    -- Read twice, it would be copied first.
    events as not materialized(select * from {{ ref("int_event_users") }}),

    users as (select distinct own_user_id as user_id from events where own_user_id is not null),

    devices as (
        select
            device_id,
            count(*) as events,
            count(*) filter (where own_user_id is null) as anonymous_events,
            count(distinct person_user_id) as owners,
            case when count(distinct person_user_id) = 1 then min(person_user_id) end as owner,
            count(*) filter (where is_ambiguous) as ambiguous_events,
            min(server_upload_at) as first_seen_at,
            max(server_upload_at) as last_seen_at,
        from events
        where device_id is not null
        group by device_id
    ),

    judged as (
        select
            devices.*,
            {{ is_nobodys_id("devices.device_id") }} as is_nobodys,
            {{ is_illegal_id("devices.device_id") }} as has_illegal_id,
            coalesce({{ is_illegal_id("devices.owner") }}, false) as has_illegal_owner,
            users.user_id is not null as is_also_a_user_id,
        from devices
        left join users on devices.device_id = users.user_id
    ),

    named as (
        select
            *,
            case
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
            case
                when is_nobodys
                then null
                when status in ('alias', 'illegal_id', 'shared_device')
                then owner
                when status = 'collision'
                then coalesce(owner, 'device:' || device_id)
                else device_id
            end as distinct_id,
            case when status = 'alias' then device_id else distinct_id end as anonymous_distinct_id,
        from named
    )

select *
from addressed
