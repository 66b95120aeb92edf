{# The members of json_object(...) that are not null, spelled `"key":value` and joined by commas. #}
{% macro json_without_nulls(object) -%}
    (json_merge_patch('{}'::json, {{ object }})::varchar)[2:-2]
{%- endmacro %}
