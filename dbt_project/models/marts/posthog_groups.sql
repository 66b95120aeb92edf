with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    group_types as (select * from {{ ref("int_group_types") }} where position <= 5),

    types as (
        select
            event_uuid,
            event_at,
            server_upload_at,
            unnest({{ json_entries("group_properties") }}, recursive := true),
        from events
        where group_properties <> '{}' and event_at is not null
    ),

    keys as (
        select
            event_uuid,
            event_at,
            server_upload_at,
            key as group_type,
            unnest({{ json_entries("value") }}) as entry,
        from types
        where json_type(value) = 'OBJECT'
    ),

    states as (
        select
            keys.group_type,
            keys.entry.key as group_key,
            {{ json_strict("keys.entry.value::varchar") }} as group_set,
            keys.event_at,
            keys.server_upload_at,
            keys.event_uuid,
        from keys
        inner join group_types on keys.group_type = group_types.group_type
        where json_type(keys.entry.value) = 'OBJECT'
    ),

    changes as (
        select *
        from states
        qualify
            group_set is distinct from lag(group_set) over (
                partition by group_type, group_key order by server_upload_at, event_uuid
            )
    ),

    messages as (
        select
            {{ uuid_v5("concat_ws(chr(31), 'group', group_type, group_key, event_at, group_set)") }}
            as uuid,
            '$groupidentify' as event,
            'amplitude_groups' as distinct_id,
            min(event_at) as "timestamp",
            any_value(
                json_object(
                    '$group_type',
                    group_type,
                    '$group_key',
                    group_key,
                    '$group_set',
                    group_set::json,
                    '$geoip_disable',
                    true
                )
            )::varchar as properties,
        from changes
        group by uuid
    )

    {{ posthog_message("messages") }}
