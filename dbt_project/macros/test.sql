{#
    How a data test runs: it counts first, and keeps the rows in test_failures only if there are any.
    dbt's own way writes a table for each test, most of them empty: a commit each.
#}
{% materialization test, adapter = "duckdb" %}
    {%- set earlier = adapter.get_relation(database, schema, model.alias) -%}
    {%- if earlier -%} {%- do adapter.drop_relation(earlier) -%} {%- endif -%}
    {%- call statement("main", fetch_result=true) -%}
        {{
            get_test_sql(
                sql,
                config.get("fail_calc"),
                config.get("warn_if"),
                config.get("error_if"),
                limit=none,
            )
        }}
    {%- endcall -%}
    {%- set relations = [] -%}
    {%- if load_result("main").table.columns["failures"].values()[0] -%}
        {%- do relations.append(stored_failures()) -%}
    {%- endif -%}
    {{ return({"relations": relations}) }}
{% endmaterialization %}

{% macro stored_failures() -%}
    {%- set failures = api.Relation.create(database, schema, model.alias, type="table") -%}
    {%- call statement("failures", auto_begin=true) -%}
        {{ create_table_as(false, failures, sql) }}
    {%- endcall -%}
    {%- do adapter.commit() -%}
    {%- do return(failures) -%}
{%- endmacro %}
