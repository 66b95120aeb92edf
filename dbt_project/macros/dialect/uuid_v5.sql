{#
    The name-based UUID (RFC 9562, version 5) of a text within this project's namespace: the same
    name gives the same UUID on every run and machine, as Python's uuid.uuid5 computes it.
#}
{% macro uuid_v5(name) -%}
    {%- set namespace = "9f1d0e1c-5e0b-5d0a-8c6f-6b6f1f6d2a41" -%}
    {%- set digest -%}
        sha1(unhex('{{ namespace | replace("-", "") }}') || encode({{ name }}))
    {%- endset -%}
    (
        {{ digest }} [1:12]
        || '5'
        || {{ digest }} [14:16]
        || ['8', '9', 'a', 'b'][(('0x' || {{ digest }} [17])::integer % 4) + 1]
        || {{ digest }} [18:32]
    )::uuid
{%- endmacro %}
