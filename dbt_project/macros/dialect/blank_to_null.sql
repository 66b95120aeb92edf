{# Null for a text of white space and invisible characters only; any other is kept as it is. #}
{% macro blank_to_null(column) -%}
    case when regexp_matches({{ column }}, '[^\s\pZ\pC]') then {{ column }} end
{%- endmacro %}
