{#
    The text of a JSON object from a list of members, each already spelled `"key":value`; members
    that are null are left out.
#}
{% macro json_object_text(members) -%}
    '{' || array_to_string({{ members }}, ',') || '}'
{%- endmacro %}

{# One member whose value is an object, spelled `"key":{...}`; null if the object would be empty. #}
{% macro json_object_member(key, members) -%}
    case
        when len({{ members }}) > 0
        then to_json('{{ key }}') || ':' || {{ json_object_text(members) }}
    end
{%- endmacro %}
