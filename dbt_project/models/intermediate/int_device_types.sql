with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    rules as (
        select
            position,
            {{ blank_to_null("platform") }} as platform,
            lower(pattern) as pattern,
            {{ blank_to_null("device_type") }} as device_type,
        from {{ ref("device_types") }}
    ),

    devices as (
        select
            platform,
            device_family,
            device_type,
            lower(concat(device_family, ' ', device_type)) as description,
        from events
        group by all
    ),

    recognised as (
        select
            devices.platform,
            devices.device_family,
            devices.device_type,
            rules.device_type as posthog_device_type,
        from devices
        left join
            rules
            on devices.description like rules.pattern
            and (rules.platform is null or devices.platform = rules.platform)
        qualify
            row_number() over (
                partition by devices.platform, devices.device_family, devices.device_type
                order by rules.position
            )
            = 1
    )

select *
from recognised
