with
    amplitude_ids as (select * from {{ ref("int_amplitude_ids") }}),

    merged_ids as (select * from {{ ref("int_amplitude_ids_merged") }}),

    survivors as (
        select
            amplitude_ids.amplitude_id,
            coalesce(merged_ids.merged_into, amplitude_ids.amplitude_id) as survivor_id,
            amplitude_ids.users,
            amplitude_ids.user_id,
        from amplitude_ids
        left join merged_ids on amplitude_ids.amplitude_id = merged_ids.amplitude_id
    ),

    survivor_users as (
        select
            survivor_id,
            min(user_id) as user_id,
            max(users) > 1 or count(distinct user_id) > 1 as is_ambiguous,
        from survivors
        group by survivor_id
    ),

    amplitude_users as (
        select
            survivors.amplitude_id,
            survivors.survivor_id,
            survivor_users.is_ambiguous,
            case when not survivor_users.is_ambiguous then survivor_users.user_id end as user_id,
        from survivors
        inner join survivor_users on survivors.survivor_id = survivor_users.survivor_id
    )

select *, hash(survivor_id, is_ambiguous, user_id) as version,
from amplitude_users
