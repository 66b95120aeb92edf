{#
    One member of a JSON object, spelled `"name":value`; null for a null value. What JavaScript
    cannot hold as a number, an integer beyond 2^53, becomes a string.
#}
{% macro json_text_member(name, text) -%} '"{{ name }}":' || to_json({{ text }}) {%- endmacro %}

{% macro json_number_member(name, number) -%} '"{{ name }}":' || {{ number }} {%- endmacro %}

{% macro json_integer_member(name, integer) -%}
    '"{{ name }}":' || case
        when {{ integer }} between -9007199254740991 and 9007199254740991
        then {{ integer }}::varchar
        else '"' || {{ integer }} || '"'
    end
{%- endmacro %}

{# Members joined by commas, those that are null left out; empty without any. #}
{% macro json_members(members) -%} concat_ws(',', {{ members | join(", ") }}) {%- endmacro %}

{# A number if the text is an integer as JSON spells it, else the text. #}
{% macro json_number_or_text_member(name, text) -%}
    '"{{ name }}":' || case
        when regexp_full_match({{ text }}, '0|[1-9][0-9]{0,14}')
        then {{ text }}
        else to_json({{ text }})::varchar
    end
{%- endmacro %}

{# JSON as it is, an empty object left out; anything but an object or a list becomes a string. #}
{% macro json_bag_member(name, json) -%}
    case
        when {{ json }} <> '{}'
        then
            '"{{ name }}":' || case
                when starts_with({{ json }}, '{') or starts_with({{ json }}, '[')
                then {{ json_strict(json) }}
                else to_json({{ json }})::varchar
            end
    end
{%- endmacro %}
