with
    events as (
        select
            event_uuid,
            event_at,
            event_id,
            group_properties,
            coalesce(server_upload_at, event_at) as told_at,
        from {{ ref("stg_amplitude__events") }}
        where group_properties <> '{}'
    ),

    group_types as (select * from {{ ref("int_group_types") }} where position <= 5),

    -- Few groups, many events: equal texts are read once.
    bags as (select group_properties from events group by group_properties),

    types as (
        select group_properties, unnest({{ json_entries("group_properties") }}, recursive := true),
        from bags
    ),

    keys as (
        select group_properties, key as group_type, unnest({{ json_entries("value") }}) as entry,
        from types
        where json_type(value) = 'OBJECT'
    ),

    sets as (
        select
            keys.group_properties,
            keys.group_type,
            keys.entry.key as group_key,
            {{ json_deduplicated(json_strict("keys.entry.value::varchar")) }} as group_set,
        from keys
        inner join group_types on keys.group_type = group_types.group_type
        where json_type(keys.entry.value) = 'OBJECT' and keys.entry.key <> ''
    ),

    states as (
        select
            events.event_uuid,
            events.event_at,
            events.event_id,
            events.told_at,
            sets.group_type,
            sets.group_key,
            sets.group_set,
        from events
        inner join sets on events.group_properties = sets.group_properties
        where events.told_at is not null and not {{ is_after_cutover("events.told_at") }}
    ),

    -- Few of them say anything new, and the two steps that follow need not look at the others.
    new_states as (
        select *
        from states
        qualify
            group_set is distinct from lag(group_set) over (
                partition by group_type, group_key
                order by told_at, event_at nulls first, event_id nulls first, event_uuid
            )
    ),

    -- PostHog applies what arrives in order of time: of one moment's states only the last can
    -- count.
    last_of_moment as (
        select *
        from new_states
        qualify
            row_number() over (
                partition by group_type, group_key, told_at
                order by event_at desc, event_id desc, event_uuid desc
            )
            = 1
    ),

    changes as (
        select *
        from last_of_moment
        qualify
            group_set is distinct from lag(group_set) over (
                partition by group_type, group_key order by told_at
            )
    ),

    opened as (select *, {{ json_entries("group_set") }} as entries from changes),

    messages as (
        select
            {{
                uuid_v5(
                    "to_json(['group', group_type, group_key, told_at::varchar, group_set])::varchar"
                )
            }}
            as uuid,
            '$groupidentify' as event,
            'amplitude_groups' as distinct_id,
            told_at as "timestamp",
            '{"$group_type":'
            || to_json({{ escaped_name("group_type") }})
            || ',"$group_key":'
            || to_json(group_key)
            || ',"$group_set":'
            || {{ json_object_text(escaped_members("entries")) }}
            || ',"$geoip_disable":true}' as properties,
        from opened
    )

    {{ posthog_message("messages") }}
