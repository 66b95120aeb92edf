with
    messages as (
        select uuid, properties
        from {{ ref("posthog_aliases") }}
        union all
        select uuid, properties
        from {{ ref("posthog_groups") }}
        union all
        select uuid, properties
        from {{ ref("posthog_events") }}
        union all
        select uuid, properties
        from {{ ref("posthog_persons") }}
    )

select uuid, properties,
from messages
where
    not json_valid(properties)
    or json_type(properties) <> 'OBJECT'
    or len(json_keys(properties)) <> list_unique(json_keys(properties))
