with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    uses as (select unnest(json_keys(groups)) as group_type, from events where groups <> '{}'),

    group_types as (select group_type, count(*) as events, from uses group by group_type)

select group_type, events, row_number() over (order by events desc, group_type) as position,
from group_types
