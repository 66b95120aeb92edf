{#
    What PostHog is told of a person whose properties are `bag`, a column of a relation without
    repeated keys: `set_members` and `set_once_members`, the members of the two objects, null without
    any; and `campaign_members`, a list of (name, member): what an event on Web tells of its campaign
    if it has no such property of its own. `columns` are passed on.
#}
{% macro user_members(relation, columns) -%}
    {%- set person_names = standard_names("user_properties", "person") -%}
    {%- set initial = initial_names(person_names, true) -%}
    {%- set current = initial_names(person_names, false) -%}
    {%- set campaign = standard_names("user_properties", "event") -%}
    with
        keyed as (select *, json_keys(bag) as bag_keys, from {{ relation }}),

        read as (
            select
                {{ columns }},
                {{ entries_set(json_entries("bag")) }} as entries,
                {{ standard_values("bag", "bag_keys", current) }} as current_values,
                {{ standard_values("bag", "bag_keys", initial) }} as initial_values,
                {{ standard_values("bag", "bag_keys", campaign) }} as campaign_values,
            from keyed
        )

    select
        {{ columns }},
        {{
            person_members(
                entries_without_prefix("entries", "initial_"),
                standard_members("current_values", current),
            )
        }} as set_members,
        {{
            person_members(
                entries_with_prefix("entries", "initial_"),
                standard_members("initial_values", initial),
            )
        }} as set_once_members,
        {{ standard_members("campaign_values", campaign, go_along=false) }} as campaign_members,
    from read
{%- endmacro %}
