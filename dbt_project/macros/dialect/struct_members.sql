{# The fields of a struct that are not null, spelled `"key":value` and joined by commas. #}
{% macro struct_members(struct) -%}
    (json_merge_patch('{}'::json, to_json({{ struct }}))::varchar)[2:-2]
{%- endmacro %}
