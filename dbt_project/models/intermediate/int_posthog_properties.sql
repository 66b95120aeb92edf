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
            nullif({{ json_strict("events.groups") }}, '{}') as group_bag,
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
            {{ json_entries("user_bag") }} as user_entries,
            {{ json_entries("coalesce(group_bag, '{}')") }} as group_entries,
        from sendable
    ),

    sorted_out as (
        select
            *,
            {{ entries_set("user_entries") }} as set_entries,
            {{ entries_named("group_entries", "group_type_names") }} as sent_group_entries,
        from opened
    ),

    spelled as (
        select
            event_uuid,
            {{ renamed_members("event_entries", "event_names") }} as event_members,
            {{ renamed_members(entries_without_prefix("set_entries", "initial_"), "user_names") }}
            as set_members,
            {{ renamed_members(entries_with_prefix("set_entries", "initial_"), "user_names") }}
            as set_once_members,
            {{ first_key_members("sent_group_entries") }} as group_members,
            {{ struct_members(standard_properties()) }} as standard_members,
            '"$amplitude_groups":' || group_bag as all_groups_member,
        from sorted_out
    ),

    assembled as (
        select
            event_uuid,
            list_concat(
                event_members,
                [
                    {{ json_strict("standard_members") }},
                    all_groups_member,
                    {{ json_object_member("$set", "set_members") }},
                    {{ json_object_member("$set_once", "set_once_members") }},
                    {{ json_object_member("$groups", "group_members") }}
                ]
            ) as members,
        from spelled
    )

select event_uuid, {{ json_object_text("members") }} as properties,
from assembled
