with
    messages as (
        select uuid, event, distinct_id
        from {{ ref("posthog_aliases") }}
        union all
        select uuid, event, distinct_id
        from {{ ref("posthog_events") }}
        union all
        select uuid, event, distinct_id
        from {{ ref("posthog_persons") }}
    )

select *
from messages
where {{ byte_length("event") }} > 200 or {{ byte_length("distinct_id") }} > 200
