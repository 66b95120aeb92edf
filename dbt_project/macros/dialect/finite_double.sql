{# A number; null for a text that is none, NaN and the infinities among them. #}
{% macro finite_double(column) -%}
    case when isfinite(try_cast({{ column }} as double)) then try_cast({{ column }} as double) end
{%- endmacro %}
