with
    kinds as (select * from {{ ref("int_property_kinds") }}),

    paths as (
        select
            bag,
            path,
            {{ parent_path("path") }} as parent_path,
            coalesce(sum(events) filter (where kind <> 'null'), 0)::bigint as events,
            min(first_seen_at) as first_seen_at,
            coalesce(list_sort(list(distinct kind) filter (where kind <> 'null')), []) as kinds,
            max(max_bytes) filter (where kind = 'integer') as integer_bytes,
            coalesce(sum(events) filter (where kind = 'string'), 0)::bigint as strings,
            sum(timestamp_strings)::bigint as timestamp_strings,
        from kinds
        group by bag, path
    ),

    -- An object is opened into its members, unless it lies too deep or is something else at times.
    opened as (
        select paths.bag, paths.path,
        from paths
        left join paths as parents on paths.bag = parents.bag and paths.parent_path = parents.path
        where
            paths.kinds = ['object']
            and {{ path_depth("paths.path") }} < 3
            and (paths.parent_path = '' or parents.kinds = ['object'])
    ),

    typed as (
        select
            paths.*,
            case
                when paths.bag = 'group_properties' or len(paths.kinds) = 0
                then null
                -- DuckDB's structs have no field without a name.
                when {{ has_empty_token("paths.path") }}
                then null
                when paths.parent_path <> '' and parents.path is null
                then null
                when opened.path is not null
                then null
                when list_has_all(['array', 'object'], paths.kinds)
                then 'JSON'
                when paths.kinds = ['integer']
                then 'BIGINT'
                when
                    list_has_all(['integer', 'number'], paths.kinds)
                    and coalesce(paths.integer_bytes, 0) < 16
                then 'DOUBLE'
                when paths.kinds = ['boolean']
                then 'BOOLEAN'
                when paths.kinds = ['string'] and paths.timestamp_strings = paths.strings
                then 'TIMESTAMP'
                else 'VARCHAR'
            end as column_type,
            {{ column_name_of(unescaped_path("paths.path")) }} as plain_name,
        from paths
        left join opened on paths.bag = opened.bag and paths.path = opened.path
        left join opened as parents on paths.bag = parents.bag and paths.parent_path = parents.path
    ),

    ranked as (
        select
            *,
            count(column_type) over (partition by bag, plain_name) as same_names,
            row_number() over (
                partition by bag, plain_name, column_type is null order by first_seen_at, path
            ) as number,
            row_number() over (
                partition by bag, column_type is null order by events desc, path
            ) as position,
        from typed
    )

select
    bag,
    path,
    kinds,
    events,
    first_seen_at,
    case when column_type is not null then plain_name end as plain_name,
    case when column_type is not null then same_names else 0 end as same_names,
    case
        when column_type is not null and position <= {{ max_columns() }}
        then bag || '_' || {{ numbered("plain_name", "number") }}
    end as column_name,
    case when column_name is not null then column_type end as column_type,
from ranked
