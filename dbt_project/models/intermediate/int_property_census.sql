with
    new_lines as (
        select *
        from {{ ref("stg_amplitude__lines") }}
        where {{ is_new_load(ref("stg_amplitude__lines"), "load_id") }}
    ),

    census as ({{ property_census("new_lines") }})

select *
from census
