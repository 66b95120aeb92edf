{# Whether PostHog never merges this id, or does not take it: more than 200 bytes. Null for null. #}
{% macro is_illegal_id(id) -%}
    (
        lower(trim({{ id }})) in (select distinct_id from {{ ref("illegal_distinct_ids") }})
        or {{ byte_length(id) }} > 200
    )
{%- endmacro %}
