{# A boolean from what exports hold: true, "true", "True", 1, "1", "yes"; null for anything else. #}
{% macro flexible_boolean(column) -%} try_cast(lower(trim({{ column }})) as boolean) {%- endmacro %}
