-- Events say themselves what is wrong with them: each is looked at once, when it is built.
with
    changes as (
        select uuid, properties
        from {{ ref("posthog_aliases") }}
        union all
        select uuid, properties
        from {{ ref("posthog_groups") }}
        union all
        select uuid, properties
        from {{ ref("posthog_persons") }}
    ),

    faults as (
        select uuid, {{ payload_fault("properties") }} as fault, properties,
        from changes
        union all
        select event_uuid as uuid, fault, properties
        from {{ ref("int_posthog_events") }}
        where rejection is null
    )

select *
from faults
where fault is not null
