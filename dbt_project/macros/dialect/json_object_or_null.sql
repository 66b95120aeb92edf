{# A JSON object; null for any other JSON value. The text is JSON already: raw holds no other. #}
{% macro json_object_or_null(column) -%}
    case when starts_with({{ column }}, '{') then {{ column }} end
{%- endmacro %}
