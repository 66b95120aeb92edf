with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    judged as (select * from {{ ref("int_events_judged") }} where rejection is null),

    names as (select * from {{ ref("int_property_names") }}),

    group_types as (
        select list(group_type) as names from {{ ref("int_group_types") }} where position <= 5
    ),

    sendable as (
        select
            events.*,
            coalesce(events.platform = 'Web', false) as is_web,
            coalesce({{ json_strict("events.event_properties") }}, '{}') as event_bag,
            coalesce({{ json_strict("events.user_properties") }}, '{}') as user_bag,
            coalesce(group_types.names, []) as group_type_names,
            names.event_names,
            names.user_names,
        from events
        inner join judged on events.event_uuid = judged.event_uuid
        cross join names
        cross join group_types
    ),

    opened as (
        select
            *,
            {{ json_entries("event_bag") }} as event_entries,
            list_filter(
                {{ json_entries("user_bag") }},
                lambda entry: not (
                    starts_with(entry.key, 'initial_') and entry.value::varchar = '"EMPTY"'
                )
            ) as user_entries,
            list_filter(
                {{ json_entries("coalesce(groups, '{}')") }},
                lambda entry: list_contains(group_type_names, entry.key)
            ) as group_entries,
        from sendable
    ),

    spelled as (
        select
            event_uuid,
            {{ renamed_members("event_entries", "event_names") }} as event_members,
            {{
                renamed_members(
                    "list_filter(user_entries, lambda entry: not starts_with(entry.key, 'initial_'))",
                    "user_names",
                )
            }} as set_members,
            {{
                renamed_members(
                    "list_filter(user_entries, lambda entry: starts_with(entry.key, 'initial_'))",
                    "user_names",
                )
            }} as set_once_members,
            list_transform(
                group_entries,
                lambda entry: to_json(entry.key)
                || ':'
                || coalesce(json_extract(entry.value, '$[0]'), entry.value)::varchar
            ) as group_members,
            {{ json_without_nulls(standard_properties()) }} as standard_members,
        from opened
    ),

    assembled as (
        select
            event_uuid,
            list_concat(
                event_members,
                [
                    standard_members,
                    {{ json_object_member("$set", "set_members") }},
                    {{ json_object_member("$set_once", "set_once_members") }},
                    {{ json_object_member("$groups", "group_members") }}
                ]
            ) as members,
        from spelled
    )

select event_uuid, {{ json_object_text("members") }} as properties,
from assembled
