{#
    The members of a JSON object as rows of (key, value); a repeated key counts once, with its first
    value, which is the one that DuckDB finds at a path and puts into a struct.
#}
{% macro json_unnested(object) -%}
    {%- set entries -%}map_entries(from_json({{ object }}, '"MAP(VARCHAR, JSON)"')){%- endset -%}
    unnest(
        case
            when {{ has_repeated_keys(object) }}
            then
                list_filter(
                    {{ entries }},
                    lambda entry,
                    position:list_position(json_keys({{ object }}), entry.key) = position
                )
            else {{ entries }}
        end,
        recursive := true
    )
{%- endmacro %}

{# One key as a token of a JSON pointer (RFC 6901). #}
{% macro pointer_token(key) -%} replace(replace({{ key }}, '~', '~0'), '/', '~1') {%- endmacro %}
