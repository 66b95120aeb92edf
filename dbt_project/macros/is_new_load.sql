{#
    Whether a row of the relation came with a load that this model has not taken in yet. Rows of raw
    are never changed, and a model takes in whole loads in one transaction. The new loads are named,
    not the old ones left out: so DuckDB passes over the old rows without reading them.
#}
{% macro is_new_load(relation, load_id) -%}
    {%- if is_incremental() -%}
        {{ load_id }} in (
            select {{ load_id }}
            from {{ relation }}
            except
            select load_id
            from {{ this }}
        )
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}
