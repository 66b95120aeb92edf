with
    user_profiles as (select * from {{ ref("stg_amplitude__user_profiles") }}),

    -- A device that reads like somebody's user id is not that person.
    profiles as (
        select coalesce(user_id, device_id) as person_id, is_found, user_properties, cohort_ids,
        from user_profiles
        qualify
            row_number() over (
                partition by coalesce(user_id, device_id) order by user_id is null, device_id
            )
            = 1
    )

select *
from profiles
