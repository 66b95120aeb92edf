{#
    A UTC timestamp from either spelling, `2024-01-31 05:06:07.089000` or `2024-01-31T05:06:07Z`; null
    for any other text: DuckDB would drop an offset, and read `infinity` and years before Christ.
#}
{% macro utc_timestamp(column) -%}
    case
        when
            regexp_full_match(
                {{ column }},
                '[12][0-9]{3}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z?'
            )
        then try_cast({{ column }} as timestamp)
    end
{%- endmacro %}
