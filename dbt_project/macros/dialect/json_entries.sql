{#
    The members of a JSON object as a list of (key, value), values as JSON text, in their order.
    A repeated key keeps its last value, as JavaScript does.
#}
{% macro json_entries(object) -%}
    {%- set entries -%}map_entries(from_json({{ object }}, '"MAP(VARCHAR, JSON)"')){%- endset -%}
    {%- set keys -%}list_transform({{ entries }}, lambda entry: entry.key){%- endset -%}
    case
        when len({{ keys }}) = list_unique({{ keys }})
        then {{ entries }}
        else
            list_filter(
                {{ entries }},
                lambda entry,
                position: not list_contains({{ keys }} [position + 1:], entry.key)
            )
    end
{%- endmacro %}
