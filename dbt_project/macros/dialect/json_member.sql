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
