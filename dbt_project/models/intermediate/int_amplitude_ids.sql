with
    identities as (select * from {{ ref("int_identities") }}),

    amplitude_ids as (
        select
            amplitude_id,
            count(distinct own_user_id) as users,
            case when count(distinct own_user_id) = 1 then min(own_user_id) end as user_id,
        from identities
        where amplitude_id is not null
        group by amplitude_id
    )

select *
from amplitude_ids
