{# A UTC timestamp from either spelling, `2024-01-31 05:06:07.089000` or `2024-01-31T05:06:07Z`. #}
{% macro utc_timestamp(column) -%} try_cast({{ column }} as timestamp) {%- endmacro %}
