{#
    Lists of entries, as json_entries makes them: filters, and the spelling of each as a member
    `"key":value` of a JSON text.
#}
{# Those whose key is in a list of names. #}
{% macro entries_named(entries, names) -%}
    list_filter({{ entries }}, lambda entry:list_contains({{ names }}, entry.key))
{%- endmacro %}

{# Those whose key begins with a prefix. #}
{% macro entries_with_prefix(entries, prefix) -%}
    list_filter({{ entries }}, lambda entry:starts_with(entry.key, '{{ prefix }}'))
{%- endmacro %}

{# Those whose key does not. #}
{% macro entries_without_prefix(entries, prefix) -%}
    list_filter({{ entries }}, lambda entry: not starts_with(entry.key, '{{ prefix }}'))
{%- endmacro %}

{# Without the `initial_*` that Amplitude's SDKs leave unset: they say "EMPTY". #}
{% macro entries_set(entries) -%}
    list_filter(
        {{ entries }},
        lambda entry: not (starts_with(entry.key, 'initial_') and entry.value::varchar = '"EMPTY"')
    )
{%- endmacro %}

{# Each with the first element of its list, or its value if that is no list. #}
{% macro first_element_members(entries) -%}
    list_transform(
        {{ entries }},
        lambda entry:to_json(entry.key)
        || ':'
        || coalesce(json_extract(entry.value, '$[0]'), entry.value, 'null')::varchar
    )
{%- endmacro %}

{#
    Each under its own name, then once more those that have a name of PostHog's in `names`, a map. A
    name that begins with `$` would make PostHog act, so it gets the prefix `amplitude_`.
#}
{% macro renamed_members(entries, names) -%}
    list_concat(
        list_transform(
            {{ entries }},
            lambda entry:to_json(
                case
                    when starts_with(entry.key, '$') then 'amplitude_' || entry.key else entry.key
                end
            )
            || ':'
            || coalesce(entry.value::varchar, 'null')
        ),
        -- Filtered first: a look-up in a map for every entry takes four times as long.
        list_transform(
            list_filter(
                {{ entries }}, lambda entry:list_contains(map_keys({{ names }}), entry.key)
            ),
            lambda entry:to_json({{ names }} [entry.key])
            || ':'
            || coalesce(entry.value::varchar, 'null')
        )
    )
{%- endmacro %}
