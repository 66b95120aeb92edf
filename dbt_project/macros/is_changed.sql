{#
    Whether a row of one per event differs from what this model built for the event, or is new to
    it. `columns` are those that tell versions of the row apart.
#}
{% macro is_changed(relation, columns) -%}
    {%- if is_incremental() -%}
        not exists (
            select 1
            from {{ this }} as built
            where
                built.event_uuid = {{ relation }}.event_uuid
                {%- for column in columns %}
                    and built.{{ column }} is not distinct from {{ relation }}.{{ column }}
                {%- endfor %}
        )
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}

{# A number that is another one when any of the columns is: a stable hash of them all. #}
{% macro version_of(columns) -%}
    {%- set parts = [] -%}
    {%- for column in columns %}
        {%- do parts.append("coalesce(" ~ column ~ "::varchar, chr(30))") -%}
    {%- endfor %}
    {{ hash_64("concat_ws(chr(31), " ~ parts | join(", ") ~ ")") }}
{%- endmacro %}
