with told as (select * from {{ ref("int_person_states") }} where properties is not null)

select
    uuid,
    '$set' as event,
    person_id as distinct_id,
    since as "timestamp",
    properties,
    key_hash,
    payload_hash,
from told
