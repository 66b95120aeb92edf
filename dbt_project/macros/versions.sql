{#
    Leaves out of a relation, as a join to it, the rows that this model has built already: those with
    the same key and the same `columns`, which tell versions of a row apart.
#}
{% macro without_built(relation, columns, key=["event_uuid"]) -%}
    {%- if is_incremental() -%}
        anti join
            {{ this }} as built on true
            {%- for column in key %}
                and {{ relation }}.{{ column }} = built.{{ column }}
            {%- endfor %}
            {%- for column in columns %}
                and {{ relation }}.{{ column }} is not distinct from built.{{ column }}
            {%- endfor %}
    {%- endif -%}
{%- endmacro %}

{#
    A number that is another one when any row of marts.events in a group is, in no order. A version
    decides what is built again and nothing else, so DuckDB's own hash will do: another one would
    build all again, once.
#}
{% macro version_of_events(relation) -%}
    bit_xor(hash({{ relation }}.event_uuid, {{ relation }}.version, {{ relation }}.rejection))
{%- endmacro %}

{#
    Pre-hook: takes away what this model built for keys that the relation has no longer, which an
    incremental build would not come to see.
#}
{% macro forget_vanished(relation, key) -%}
    {%- if is_incremental() -%}
        delete from {{ this }} as built
        where
            not exists (
                select 1
                from {{ relation }} as present
                where
                    true
                    {%- for column in key %}
                        and present.{{ column }} = built.{{ column }}
                    {%- endfor %}
            )
    {%- endif -%}
{%- endmacro %}
