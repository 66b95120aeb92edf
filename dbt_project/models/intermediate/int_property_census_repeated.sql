with
    superseded as (select * from {{ ref("stg_amplitude__repeated_lines") }} where occurrence > 1),

    census as ({{ property_census("superseded") }})

select *
from census
