-- `device:<id>` and `amplitude:<id>` are made here: should a user or device have such an id
-- already,
-- two people would become one.
with
    made_up as (
        select distinct_id from {{ ref("int_identity_persons") }} where distinct_id <> device_id
    )

select mapping.kind, mapping.id
from {{ ref("distinct_ids") }} as mapping
semi join made_up on mapping.id = made_up.distinct_id
where mapping.id like 'amplitude:%' or mapping.id like 'device:%'
