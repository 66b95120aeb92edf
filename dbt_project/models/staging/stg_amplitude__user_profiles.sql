with
    snapshots as (select * from {{ source("amplitude", "user_profiles") }}),

    newest as (
        select
            {{ blank_to_null("user_id") }} as user_id,
            {{ blank_to_null("device_id") }} as device_id,
            found as is_found,
            try_cast(user_data as json) as answer,
            fetched_at at time zone 'UTC' as fetched_at,
        from snapshots
        -- The text of a question that failed is the error.
        where found or user_data is null
        qualify
            row_number() over (partition by user_id, device_id order by fetched_at desc, snapshot)
            = 1
    ),

    unwrapped as (
        select
            user_id,
            device_id,
            is_found,
            json_extract(answer, '$.userData.amp_props') as amplitude_properties,
            json_extract(answer, '$.userData.cohort_ids') as cohort_ids,
            fetched_at,
        from newest
    )

select
    user_id,
    device_id,
    is_found,
    {{ json_object_or_null("amplitude_properties") }} as user_properties,
    case
        when json_type(cohort_ids) = 'ARRAY' then {{ json_strict("cohort_ids::varchar") }}
    end as cohort_ids,
    fetched_at,
from unwrapped
