-- An id that nothing in the data has: a typing mistake, or data that is still to come.
{{ config(severity="warn") }}

select overrides.kind, overrides.id, overrides.rule
from {{ ref("identity_overrides") }} as overrides
anti join
    {{ ref("distinct_ids") }} as distinct_ids
    on overrides.kind = distinct_ids.kind
    and overrides.id = distinct_ids.id
