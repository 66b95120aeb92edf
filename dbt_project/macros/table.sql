{#
    How a table is built: the old one gives way in the transaction that makes the new one. dbt's own
    way renames both, looks for foreign keys and drops in a transaction of its own: ten queries each.
#}
{% materialization table, adapter = "duckdb" %}
    {%- set table = this.incorporate(type="table") -%}
    {%- set earlier = load_cached_relation(this) -%}
    {%- if earlier and not earlier.is_table -%}
        {%- do adapter.drop_relation(earlier) -%}
    {%- endif -%}
    {{ run_hooks(pre_hooks) }}
    {%- call statement("main") -%}
        drop table if exists {{ table }};
        {{ create_table_as(false, table, compiled_code) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks) }}
    {%- do adapter.commit() -%}
    {{ return({"relations": [table]}) }}
{% endmaterialization %}
