with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    uses as (
        select event_uuid, unnest({{ json_entries("groups") }}, recursive := true),
        from events
        where groups <> '{}'
    ),

    group_types as (
        select key as group_type, count(*) as events,
        from uses
        where {{ first_key("value") }} is not null and key <> ''
        group by key
    )

select group_type, events, row_number() over (order by events desc, group_type) as position,
from group_types
