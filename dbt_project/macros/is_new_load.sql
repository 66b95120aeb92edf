{#
    Whether a row of the relation came with a load that this model has not taken in yet. Rows of raw
    are never changed, and a model takes in whole loads in one transaction. The new loads are named,
    not the old ones left out: so DuckDB passes over the old rows without reading them. Grouped, the
    loads are known to be few, and are what DuckDB keeps in memory to compare with.
#}
{% macro is_new_load(relation, load_id) -%}
    {%- if is_incremental() -%}
        {{ load_id }} in (
            select loads.load_id
            from
                (
                    select {{ load_id }} as load_id from {{ relation }} group by {{ load_id }}
                ) as loads
            anti join {{ this }} as built on loads.load_id = built.load_id
        )
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}
