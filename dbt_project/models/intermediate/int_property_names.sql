with
    property_names as (select * from {{ ref("property_names") }}),

    maps as (
        select
            coalesce(
                map_from_entries(
                    list((amplitude_name, posthog_name) order by amplitude_name) filter (
                        where bag = 'event_properties'
                    )
                ),
                map([]::varchar[], []::varchar[])
            ) as event_names,
            coalesce(
                map_from_entries(
                    list((amplitude_name, posthog_name) order by amplitude_name) filter (
                        where bag = 'user_properties'
                    )
                ),
                map([]::varchar[], []::varchar[])
            ) as user_names,
        from property_names
    )

select *
from maps
