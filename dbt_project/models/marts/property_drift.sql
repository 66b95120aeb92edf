with
    before as (select * from {{ source("previous_build", "property_catalog") }}),

    now as (select * from {{ ref("property_catalog") }}),

    events_before as (select event_type, events from {{ source("previous_build", "event_types") }}),

    events_now as (
        select event_type, count(*) as events
        from {{ ref("stg_amplitude__events") }}
        group by event_type
    ),

    grown as (
        select
            events_now.event_type,
            events_now.events - coalesce(events_before.events, 0) as new_events,
            events_before.events is null as is_new,
        from events_now
        left join
            events_before on events_now.event_type is not distinct from events_before.event_type
    ),

    compared as (
        select
            coalesce(now.bag, before.bag) as bag,
            coalesce(now.event_type, before.event_type) as event_type,
            coalesce(now.path, before.path) as path,
            before.kinds as kinds_before,
            now.kinds as kinds_now,
            coalesce(now.events, 0) - coalesce(before.events, 0) as new_values,
            before.share as share_before,
            before.column_type as column_type_before,
            now.column_type as column_type_now,
        from before
        full join
            now
            on before.bag = now.bag
            and before.event_type is not distinct from now.event_type
            and before.path = now.path
    ),

    judged as (
        select
            compared.*,
            case
                when grown.is_new
                then null
                when compared.kinds_before is null
                then 'new path'
                when compared.kinds_now is null
                then 'vanished path'
                when not list_has_all(map_keys(compared.kinds_before), map_keys(compared.kinds_now))
                then 'new type'
                -- Ten values were to be expected among the new events, and none came.
                when compared.new_values = 0 and grown.new_events * compared.share_before >= 10
                then 'vanished path'
            end as drift,
        from compared
        inner join grown on compared.event_type is not distinct from grown.event_type
    )

select bag, event_type, path, drift, kinds_before, kinds_now, column_type_before, column_type_now,
from judged
where drift is not null
