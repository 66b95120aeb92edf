with
    events as (select * from {{ ref("int_events_keyed") }}),

    amplitude_ids as (
        select
            amplitude_id,
            count(distinct user_id) as users,
            case when count(distinct user_id) = 1 then min(user_id) end as user_id,
        from events
        where amplitude_id is not null
        group by amplitude_id
    )

select *
from amplitude_ids
