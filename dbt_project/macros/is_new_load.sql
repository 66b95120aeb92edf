{#
    Whether a row came with a load that this model has not taken in yet. Rows of raw are never
    changed, and a model takes in whole loads in one transaction.
#}
{% macro is_new_load(load_id) -%}
    {%- if is_incremental() -%}
        {{ load_id }} not in (select load_id from {{ this }} group by load_id)
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}
