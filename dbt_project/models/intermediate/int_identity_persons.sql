with
    -- Read twice, they would be copied first.
    identities as not materialized(select * from {{ ref("int_identity_users") }}),

    devices as not materialized(select * from {{ ref("int_devices") }}),

    versions as (
        select identities.identity_id, hash(identities.version, devices.decision) as version,
        from identities
        left join devices on identities.device_id = devices.device_id
    ),

    changed as (
        select versions.*
        from versions {{ without_built("versions", ["version"], key=["identity_id"]) }}
    ),

    addressed as (
        select
            identities.identity_id,
            identities.user_id,
            identities.device_id,
            identities.amplitude_id,
            identities.events,
            identities.own_user_id,
            identities.amplitude_person_id,
            identities.is_ambiguous,
            changed.version,
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
            coalesce(
                devices.status in ('alias', 'anonymous', 'ambiguous'), false
            ) as has_own_sessions,
        from identities
        inner join changed on identities.identity_id = changed.identity_id
        left join devices on identities.device_id = devices.device_id
    )

-- A session in PostHog is one person's. Where all of a device's are one person's already, nobody is
-- named, and the sessions stay the same when an anonymous person logs in later.
select
    * exclude (has_own_sessions),
    coalesce(known_user_id, distinct_id) as person_id,
    case when not has_own_sessions then person_id end as session_owner,
from addressed
