with
    identities as (select * from {{ ref("int_identity_users") }}),

    devices as (select * from {{ ref("int_devices") }}),

    addressed as (
        select
            identities.*,
            case
                when identities.own_user_id is not null
                then identities.own_user_id
                when not devices.is_distinct_id
                then
                    coalesce(
                        identities.person_user_id,
                        devices.anonymous_distinct_id,
                        'amplitude:' || identities.amplitude_id
                    )
                else coalesce(devices.anonymous_distinct_id, identities.person_user_id)
            end as distinct_id,
            coalesce(
                identities.own_user_id,
                case when devices.is_alias then devices.owner end,
                identities.person_user_id
            ) as known_user_id,
        from identities
        left join devices on identities.device_id = devices.device_id
    )

select *, coalesce(known_user_id, distinct_id) as person_id,
from addressed
