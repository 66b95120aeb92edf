-- Also in the objects that PostHog acts on, and with no number that its parsers would break.
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
    ),

    objects as (
        select
            uuid,
            properties,
            unnest(
                [
                    properties::json,
                    json_extract(properties, '$."$set"'),
                    json_extract(properties, '$."$set_once"'),
                    json_extract(properties, '$."$groups"'),
                    json_extract(properties, '$."$group_set"')
                ]
            ) as object,
        from messages
        where json_valid(properties)
    )

select uuid, properties
from messages
where not json_valid(properties) or {{ json_strict("properties") }} <> properties
union all
select uuid, properties
from objects
where json_type(object) <> 'OBJECT' or len(json_keys(object)) <> list_unique(json_keys(object))
