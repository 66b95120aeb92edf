{#
    Whether an incremental model is built anew: if asked for, if its rules have changed since it was
    built, or if it needs other columns than it has. Overrides dbt's own macro.

    A model's rules are its SQL, the macros it uses, the seeds and settings these read, and the rules
    of the models before it. `python -m dbt_project` writes their hash to intermediate.model_rules.
#}
{% macro should_full_refresh() -%}
    {%- set requested = config.get("full_refresh") -%}
    {%- if requested is none -%} {%- set requested = flags.FULL_REFRESH -%} {%- endif -%}
    {%- do return(requested or rules_have_changed() or catalog_has_changed()) -%}
{%- endmacro %}

{# False where dbt runs without the runner that writes the rules down. #}
{% macro rules_have_changed() -%}
    {%- if not execute or not model_rules() -%} {%- do return(false) -%} {%- endif -%}
    {%- set query -%}
        select coalesce(bool_or(wanted is distinct from built), false)
        from {{ model_rules() }}
        where model = '{{ model.name }}'
    {%- endset -%}
    {%- do return(run_query(query).columns[0].values()[0]) -%}
{%- endmacro %}

{# Post-hook: what an incremental model was built by, in the transaction that builds it. #}
{% macro remember_rules() -%}
    {%- if execute and config.get("materialized") == "incremental" and model_rules() -%}
        update {{ model_rules() }} set built = wanted where model = '{{ model.name }}'
    {%- endif -%}
{%- endmacro %}

{% macro model_rules() -%}
    {%- do return(
        adapter.get_relation(
            database=target.database, schema="intermediate", identifier="model_rules"
        )
    ) -%}
{%- endmacro %}
