with events as (select * from {{ ref("int_posthog_events") }} where rejection is null)

select
    event_uuid as uuid,
    posthog_event as event,
    distinct_id,
    event_at as "timestamp",
    properties,
    key_hash,
    payload_hash,
from events
