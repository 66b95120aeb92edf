{#
    The members of a JSON object as a list of (key, value), values as JSON text, in their order.
    A repeated key keeps its last value, as JavaScript does.
#}
{% macro json_entries(object) -%}
    {%- set entries -%}map_entries(from_json({{ object }}, '"MAP(VARCHAR, JSON)"')){%- endset -%}
    case
        when not {{ has_repeated_keys(object) }}
        then {{ entries }}
        else
            list_filter(
                {{ entries }},
                lambda entry,
                position: not list_contains(json_keys({{ object }})[position + 1:], entry.key)
            )
    end
{%- endmacro %}

{#
    Whether a JSON object has a key twice. The list around its keys gives them a name, so that they
    are not read again for each of them.
#}
{% macro has_repeated_keys(object) -%}
    list_transform([json_keys({{ object }})], lambda keys:{{ has_repeats("keys") }})[1]
{%- endmacro %}

{# Whether a list has an element twice: whether one's first place is not its own. #}
{% macro has_repeats(list) -%}
    len(
        list_filter(
            {{ list }}, lambda element, position:list_position({{ list }}, element) <> position
        )
    )
    > 0
{%- endmacro %}
