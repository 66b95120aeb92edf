{#
    The members of a bag, spelled `"key":value`: each under its own name (a name that begins with `$`
    would be acted on by PostHog, so it gets the prefix `amplitude_`), and once more under PostHog's
    name where the seed property_names has one.

    bag: text of a JSON object; names: a map from Amplitude's names to PostHog's.
#}
{% macro renamed_members(entries, names) -%}
    flatten(
        list_transform(
            {{ entries }},
            lambda entry: [
                to_json(
                    case when entry.key[1] = '$' then 'amplitude_' else '' end || entry.key
                )
                || ':'
                || coalesce(entry.value::varchar, 'null'),
                to_json({{ names }}[entry.key]) || ':' || coalesce(entry.value::varchar, 'null')
            ]
        )
    )
{%- endmacro %}
