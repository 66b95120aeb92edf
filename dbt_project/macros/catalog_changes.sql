{#
    Whether a table with columns from the catalogue has to be built anew for it: a column is gone,
    has another type or another path, or a new one has values in rows that are built already. A
    column that only new rows have is added.
#}
{% macro catalog_has_changed() -%}
    {%- if not execute or not config.get("meta", {}).get("columns_from_catalog") -%}
        {%- do return(false) -%}
    {%- endif -%}
    {%- set built = load_relation(this) -%}
    {%- if not built -%} {%- do return(false) -%} {%- endif -%}
    {%- if not load_relation(built_columns()) -%} {%- do return(true) -%} {%- endif -%}
    {%- for column in run_query(changed_columns()).rows -%}
        {%- if column.is_built or has_values(built, column) -%}
            {%- do return(true) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do return(false) -%}
{%- endmacro %}

{# The columns that are not what they were, or are new. #}
{% macro changed_columns() -%}
    select
        built.column_name is not null as is_built,
        coalesce(now.bag, built.bag) as bag,
        coalesce(now.path, built.path) as path,
    from {{ built_columns() }} as built
    full join
        (select * from {{ ref("int_property_paths") }} where column_name is not null) as now
        on built.column_name = now.column_name
    where
        built.bag is distinct from now.bag
        or built.path is distinct from now.path
        or built.column_type is distinct from now.column_type
{%- endmacro %}

{% macro has_values(relation, column) -%}
    {%- set query -%}
        select 1
        from {{ relation }}
        where json_exists({{ column.bag }}, '{{ dbt.escape_single_quotes(column.path) }}')
        limit 1
    {%- endset -%}
    {%- do return(run_query(query).rows | length > 0) -%}
{%- endmacro %}

{# Post-hook: what the columns were built from, in the transaction that builds them. #}
{% macro remember_columns() -%}
    {%- set columns -%}
        select bag, path, column_name, column_type
        from {{ ref("int_property_paths") }}
        where column_name is not null
    {%- endset -%}
    {%- do return("create or replace table " ~ built_columns() ~ " as " ~ columns) -%}
{%- endmacro %}

{% macro built_columns() -%}
    {%- do return(ref("int_property_paths").incorporate(path={"identifier": "built_columns"})) -%}
{%- endmacro %}
