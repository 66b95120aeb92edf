{#
    The census of a relation of lines: a row for each load, bag, event type, path and kind of value,
    with what was seen of it. Rows of several censuses can be added up.

    A path is a JSON pointer into the bag (RFC 6901), as in `event_properties ->> '/purchase/amount'`.
    In group_properties, `{type: {key: {property: value}}}`, the key stands as `*`: whichever it is,
    the property is the same. Objects are looked into three levels deep.
#}
{% macro property_census(relation) -%}
    with
        lines as (select * from {{ relation }}),

        bags as (
            {{ equal_bags("lines", "event_properties") }}
            union all
            {{ equal_bags("lines", "user_properties") }}
            union all
            {{ equal_bags("lines", "group_properties") }}
        ),

        level_1 as (
            select * exclude (members), '' as parent, {{ json_unnested("members") }}, from bags
        ),

        -- Most bags are flat: the others are opened once more, which costs less than to keep all.
        nested as (
            select * exclude (members), {{ json_unnested("members") }},
            from bags
            where contains(members[2:], '{')
        ),

        level_2 as (
            select
                * exclude (key, value),
                '/' || {{ pointer_token("key") }} as parent,
                {{ json_unnested("value") }},
            from nested
            where starts_with(value, '{')
        ),

        level_3 as (
            select
                * exclude (parent, key, value),
                parent
                || '/'
                || case
                    when bag = 'group_properties' then '*' else {{ pointer_token("key") }}
                end as parent,
                {{ json_unnested("value") }},
            from level_2
            where starts_with(value, '{')
        ),

        all_levels as (
            select *
            from level_1
            union all by name
            select *
            from level_2
            where bag <> 'group_properties'
            union all by name
            select *
            from level_3
        ),

        properties as (select * replace (value::varchar as value), from all_levels),

        typed as (
            select *, {{ json_kind("value") }} as kind, {{ string_reads_as("value") }} as reads_as,
            from properties
        ),

        census as (
            select
                load_id,
                bag,
                event_type,
                parent || '/' || {{ pointer_token("key") }} as path,
                kind,
                sum(lines)::bigint as lines,
                min(first_seen_at) as first_seen_at,
                max(last_seen_at) as last_seen_at,
                max({{ byte_length("value") }}) as max_bytes,
                min(value)[:100] as example,
                {{ lines_that_read_as("number") }} as numeric_strings,
                {{ lines_that_read_as("date") }} as date_strings,
                {{ lines_that_read_as("timestamp") }} as timestamp_strings,
            from typed
            group by load_id, bag, event_type, parent, key, kind
        )

    select *
    from census
{%- endmacro %}

{# Equal bags once, with how many lines carry them. #}
{% macro equal_bags(relation, bag) -%}
    select
        load_id,
        '{{ bag }}' as bag,
        event_type,
        {{ bag }} as members,
        count(*) as lines,
        min(event_at) as first_seen_at,
        max(event_at) as last_seen_at,
    from {{ relation }}
    where {{ bag }} <> '{}'
    group by load_id, event_type, {{ bag }}
{%- endmacro %}

{% macro lines_that_read_as(type) -%}
    coalesce(sum(lines) filter (where reads_as = '{{ type }}'), 0)::bigint
{%- endmacro %}
