{# A JSON object whose keys that are repeated are left with their last value, as JavaScript reads it. #}
{% macro json_deduplicated(object) -%}
    case
        when {{ has_repeated_keys(object) }}
        then
            {{
                json_object_text(
                    "list_transform("
                    ~ json_entries(object)
                    ~ ", lambda entry: to_json(entry.key) || ':' || coalesce(entry.value::varchar, 'null'))"
                )
            }}
        else {{ object }}
    end
{%- endmacro %}
