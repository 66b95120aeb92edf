with
    messages as (
        select uuid
        from {{ ref("posthog_aliases") }}
        union all
        select uuid
        from {{ ref("posthog_groups") }}
        union all
        select uuid
        from {{ ref("posthog_events") }}
        union all
        select uuid
        from {{ ref("posthog_persons") }}
    )

select uuid, count(*) as messages
from messages
group by uuid
having count(*) > 1
