-- Its names come from a seed. depends_on: {{ ref('property_names') }}
with
    lines as (
        select user_properties_hash, user_properties, load_id,
        from {{ ref("stg_amplitude__lines") }}
        where user_properties <> '{}' and {{ is_new_load(ref("stg_amplitude__lines"), "load_id") }}
    ),

    snapshots as (
        select
            lines.user_properties_hash,
            min(lines.load_id) as load_id,
            any_value(lines.user_properties) as bag,
        from lines {{ without_built("lines", [], key=["user_properties_hash"]) }}
        group by lines.user_properties_hash
    ),

    deduplicated as (
        select * replace ({{ json_deduplicated(json_strict("bag")) }} as bag), from snapshots
    ),

    members as ({{ user_members("deduplicated", "user_properties_hash, load_id") }})

select *
from members
