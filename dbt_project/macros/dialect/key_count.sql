{# How many members a JSON object has; a key that is repeated counts once, as in the census. #}
{% macro key_count(object) -%}
    list_transform(
        [json_keys({{ object }})],
        lambda keys:len(list_filter(keys, lambda key, position:list_position(keys, key) = position))
    )[1]
{%- endmacro %}
