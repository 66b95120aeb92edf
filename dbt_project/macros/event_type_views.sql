{#
    Post-hook of marts.event_types: a view for each event type in the schema events_by_type, with the
    core columns of marts.events and those properties alone that its events have. The properties of
    the event go by their readable names; one that is a core column's, too, keeps its prefix.
#}
{% macro create_event_type_views() -%}
    {%- if not execute -%} {%- do return("") -%} {%- endif -%}
    {%- set statements = [
        "drop schema if exists events_by_type cascade",
        "create schema events_by_type",
    ] -%}
    {%- for view in run_query(event_type_view_columns()).rows -%}
        {%- do statements.append(event_type_view(view)) -%}
    {%- endfor -%}
    {%- do return(statements | join(";\n")) -%}
{%- endmacro %}

{% macro event_type_view(view) -%}
    create view events_by_type.{{ adapter.quote(view.view_name) }} as
    select {{ view.columns }}
    from {{ ref("events") }}
    where event_type = {{ view.event_type_literal }}
{%- endmacro %}

{# A row for each view with its select list. #}
{% macro event_type_view_columns() -%}
    with
        core as (
            select column_name as name, column_index as position
            from duckdb_columns()
            where
                schema_name = '{{ ref("events").schema }}'
                and table_name = '{{ ref("events").identifier }}'
                and not starts_with(column_name, 'event_properties_')
                and not starts_with(column_name, 'user_properties_')
                and not ends_with(column_name, '_property_count')
                and column_name not in ('event_type', 'version')
        ),

        core_list as (
            select string_agg('"' || name || '"', ', ' order by position) as columns from core
        ),

        properties as (
            select
                catalog.event_type,
                catalog.bag,
                catalog.column_name,
                case
                    when catalog.bag = 'event_properties' and core.name is null
                    then catalog.readable_name
                    else catalog.column_name
                end as name,
            from {{ ref("property_catalog") }} as catalog
            left join core on catalog.readable_name = core.name
            where catalog.column_name is not null and catalog.events > 0
        ),

        property_lists as (
            select
                event_type,
                string_agg(
                    '"' || column_name || '" as "' || name || '"', ', ' order by bag, name
                ) as columns,
            from properties
            group by event_type
        )

    select
        -- Quoted here: dbt reads the text `null` as none, and `007` as a number.
        '''' || replace(event_types.event_type, '''', '''''') || '''' as event_type_literal,
        event_types.view_name,
        concat_ws(', ', core_list.columns, property_lists.columns) as columns,
    from {{ this }} as event_types
    left join property_lists on event_types.event_type = property_lists.event_type
    cross join core_list
    where event_types.event_type is not null
    order by event_types.view_name
{%- endmacro %}
