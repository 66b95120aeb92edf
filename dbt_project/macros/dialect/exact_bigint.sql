{# A whole number; null for any other text, since a cast alone would round 1.5 to 2. #}
{% macro exact_bigint(column) -%}
    case
        when regexp_full_match({{ column }}, '-?[0-9]{1,19}') then try_cast({{ column }} as bigint)
    end
{%- endmacro %}
