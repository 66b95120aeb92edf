{#
    Why PostHog could not take a payload, or would read it otherwise than this warehouse does: it has
    to be a JSON object without a repeated key, as do the objects in it that PostHog acts on. Null if
    nothing is wrong.
#}
{% macro payload_fault(properties) -%}
    {%- set objects -%} ['$', '/$set', '/$set_once', '/$groups', '/$group_set'] {%- endset -%}
    case
        when {{ properties }} is null
        then 'nothing'
        when not json_valid({{ properties }})
        then 'not JSON'
        when not starts_with({{ properties }}, '{')
        then 'not an object'
        when
            len(
                list_filter(
                    json_keys({{ properties }}, {{ objects }}),
                    lambda keys:{{ has_repeats("keys") }}
                )
            )
            > 0
        then 'a repeated key'
    end
{%- endmacro %}
