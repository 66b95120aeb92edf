{# Null for a text of white space only; any other is kept as it is, never trimmed. #}
{% macro blank_to_null(column) -%}
    case when trim({{ column }}) <> '' then {{ column }} end
{%- endmacro %}
