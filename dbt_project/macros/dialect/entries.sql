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
        lambda entry:
        not (starts_with(entry.key, 'initial_') and coalesce(entry.value::varchar, '') = '"EMPTY"')
    )
{%- endmacro %}

{# Each with the first key of its list, or its value if that is no list; without a key, none. #}
{% macro first_key_members(entries) -%}
    list_transform(
        list_filter({{ entries }}, lambda entry:{{ first_key("entry.value") }} is not null),
        lambda entry:to_json({{ escaped_name("entry.key") }})
        || ':'
        || to_json({{ first_key("entry.value") }})
    )
{%- endmacro %}

{# The first key of a group type's value as text: `["a", "b"]` and `"a"` give a; null for the rest. #}
{% macro first_key(value) -%}
    case
        json_type({{ value }})
        when 'ARRAY'
        then {{ blank_to_null("json_extract_string(" ~ value ~ ", '$[0]')") }}
        when 'OBJECT'
        then null
        else {{ blank_to_null("json_extract_string(" ~ value ~ ", '$')") }}
    end
{%- endmacro %}

{#
    A name that PostHog will not act on: one that begins with `$`, or that this project sets itself,
    gets the prefix `amplitude_`. So does one that looks prefixed already: no two names become one.
#}
{% macro escaped_name(name) -%}
    case
        when
            starts_with({{ name }}, '$')
            or starts_with({{ name }}, 'amplitude_')
            or {{ name }} in ('analytics_source', 'historical_migration')
        then
            case
                when
                    regexp_matches(
                        {{ name }},
                        '^(amplitude_)*(\$|(analytics_source|historical_migration|amplitude_cohort_ids)$)'
                    )
                then 'amplitude_' || {{ name }}
                else {{ name }}
            end
        else {{ name }}
    end
{%- endmacro %}

{#
    Whether a bag can be sent as it is: no key that may have to be escaped. The tests see values, too,
    and may only err to the safe side.
#}
{% macro is_plain(bag) -%}
    (
        not contains({{ bag }}, '"$')
        and not contains({{ bag }}, '"amplitude_')
        and not contains({{ bag }}, '"analytics_source"')
        and not contains({{ bag }}, '"historical_migration"')
    )
{%- endmacro %}

{# Each under its own name, escaped. #}
{% macro escaped_members(entries) -%}
    list_transform(
        {{ entries }},
        lambda entry:to_json({{ escaped_name("entry.key") }})
        || ':'
        || coalesce(entry.value::varchar, 'null')
    )
{%- endmacro %}

{# `"$groups":{...}` of the group types that are sent; null without any. #}
{% macro groups_member(groups, types) -%}
    case
        when {{ groups }} is not null
        then
            {{
                json_object_member(
                    "$groups", first_key_members(entries_named(json_entries(groups), types))
                )
            }}
    end
{%- endmacro %}

{# The members of a bag without repeated keys, as they are if that is possible; null for an empty one. #}
{% macro bag_members(bag) -%}
    case
        when {{ bag }} = '{}'
        then null
        when {{ is_plain(bag) }}
        then {{ bag }} [2:-2]
        else array_to_string({{ escaped_members(json_entries(bag)) }}, ',')
    end
{%- endmacro %}

{# Escaped members and PostHog's standard ones, joined by commas; null without any. #}
{% macro person_members(entries, standard) -%}
    nullif(
        concat_ws(
            ',',
            nullif(array_to_string({{ escaped_members(entries) }}, ','), ''),
            {{ joined_members(standard) }}
        ),
        ''
    )
{%- endmacro %}
