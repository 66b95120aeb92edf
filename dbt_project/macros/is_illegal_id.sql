{# Whether the id stands for nobody: PostHog never merges it. Null for null. #}
{% macro is_nobodys_id(id) -%}
    {{ bare_id(id) }}
    in (select {{ bare_id("distinct_id") }} from {{ ref("illegal_distinct_ids") }})
{%- endmacro %}

{# Whether PostHog never merges this id, or does not take it: more than 200 bytes. Null for null. #}
{% macro is_illegal_id(id) -%}
    ({{ is_nobodys_id(id) }} or {{ byte_length(id) }} > 200)
{%- endmacro %}
