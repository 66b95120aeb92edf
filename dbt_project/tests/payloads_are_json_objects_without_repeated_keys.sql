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

    malformed as (
        select uuid, properties
        from messages
        where
            not json_valid(properties)
            or not starts_with(properties, '{')
            or {{ json_strict("properties") }} <> properties
    ),

    repeated as (
        select uuid, properties
        from messages
        where json_valid(properties) and {{ has_repeated_keys("properties") }}
    ),

    all_inner_objects as (
        select
            uuid,
            unnest(
                json_extract(properties, ['/$set', '/$set_once', '/$groups', '/$group_set'])
            ) as object,
        from messages
        where json_valid(properties)
    ),

    -- Most of them occur in many messages.
    inner_objects as (
        select object::varchar as object, min(uuid) as uuid,
        from all_inner_objects
        where object is not null
        group by object::varchar
    )

select uuid, properties
from malformed
union all
select uuid, properties
from repeated
union all
select uuid, object as properties
from inner_objects
where not starts_with(object, '{') or {{ has_repeated_keys("object") }}
