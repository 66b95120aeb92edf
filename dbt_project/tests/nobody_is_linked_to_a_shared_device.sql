-- An alias or an event under the id of a shared device would put one person's events in another's.
with
    shared as (
        select id
        from {{ ref("distinct_ids") }}
        where
            kind = 'device'
            and (status = 'shared_device' or (status = 'overridden' and not is_alias))
    ),

    links as (
        select json_extract_string(properties, '$.alias') as id
        from {{ ref("posthog_aliases") }}
        union all
        select distinct_id as id
        from {{ ref("posthog_events") }}
    ),

    users as (select id from {{ ref("distinct_ids") }} where kind = 'user')

select links.id, count(*) as links,
from links
inner join shared on links.id = shared.id
anti join users on links.id = users.id
group by links.id
