{# The text of a JSON object; null for any other JSON value. #}
{% macro json_object_or_null(column) -%}
    case when json_type({{ column }}) = 'OBJECT' then {{ column }} end
{%- endmacro %}
