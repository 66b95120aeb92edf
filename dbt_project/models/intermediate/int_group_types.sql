with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    -- Few groups, many events: equal texts are read once.
    bags as (select groups, count(*) as events from events where groups <> '{}' group by groups),

    uses as (select events, unnest({{ json_entries("groups") }}, recursive := true) from bags),

    group_types as (
        select key as group_type, sum(events)::bigint as events,
        from uses
        where {{ first_key("value") }} is not null and key <> ''
        group by key
    )

select group_type, events, row_number() over (order by events desc, group_type) as position,
from group_types
