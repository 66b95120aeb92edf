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
    Whether a bag can be sent as it is: no key that may have to be escaped, and none twice. The first
    tests see values, too, and may only err to the safe side.
#}
{% macro is_plain(bag) -%}
    (
        not contains({{ bag }}, '"$')
        and not contains({{ bag }}, '"amplitude_')
        and not contains({{ bag }}, '"analytics_source"')
        and not contains({{ bag }}, '"historical_migration"')
        and not {{ has_repeated_keys(bag) }}
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

{#
    Those that have another name in `names`, a map, under that name. They are picked out first: a
    lambda carries the map along for every entry it sees.
#}
{% macro renamed_members(entries, names) -%}
    list_transform(
        list_filter({{ entries }}, lambda entry:list_contains(map_keys({{ names }}), entry.key)),
        lambda entry:to_json({{ names }} [entry.key])
        || ':'
        || coalesce(entry.value::varchar, 'null')
    )
{%- endmacro %}

{# Each under its own name, escaped, then once more those that have another. #}
{% macro all_members(entries, names) -%}
    list_concat({{ escaped_members(entries) }}, {{ renamed_members(entries, names) }})
{%- endmacro %}

{#
    `"$set":{...},"$set_once":{...}` of a user's properties: `initial_*` are set once. Empty without
    any.
#}
{% macro set_members(entries, names) -%}
    {{
        json_members(
            [
                json_object_member(
                    "$set", all_members(entries_without_prefix(entries, "initial_"), names)
                ),
                json_object_member(
                    "$set_once", all_members(entries_with_prefix(entries, "initial_"), names)
                ),
            ]
        )
    }}
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

{#
    The members of an event's bag, as they are if that is possible, then once more those that have
    another name in `names`. Null for an empty bag.
#}
{% macro bag_members(bag, names) -%}
    {%- set own -%}
        case
            when {{ is_plain(bag) }}
            then {{ bag }} [2:-2]
            else array_to_string({{ escaped_members(json_entries(bag)) }}, ',')
        end
    {%- endset -%}
    {%- set renamed -%}
        case
            when list_has_any(json_keys({{ bag }}), map_keys({{ names }}))
            then array_to_string({{ renamed_members(json_entries(bag), names) }}, ',')
        end
    {%- endset -%}
    case when {{ bag }} <> '{}' then {{ json_members([own, renamed]) }} end
{%- endmacro %}
