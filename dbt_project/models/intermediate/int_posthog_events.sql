with
    judged as (select * from {{ ref("int_events_judged") }}),

    events as (
        select event_uuid as uuid, * exclude (event_uuid, export_file, event_type, event_at),
        from {{ ref("stg_amplitude__events") }}
    ),

    names as (select * from {{ ref("int_property_names") }}),

    group_types as (
        select list(group_type) as sent_group_types
        from {{ ref("int_group_types") }}
        where position <= 5
    ),

    changed as (select * from judged where {{ is_changed("judged", ["version"]) }}),

    sendable as (
        select changed.*, events.*, coalesce(events.platform = 'Web', false) as is_web,
        from events
        inner join changed on events.uuid = changed.event_uuid
        where changed.rejection is null
    ),

    -- Many events carry the same snapshot of their user and the same groups: each is spelled once.
    snapshots as (
        select user_properties, {{ json_strict("user_properties") }} as bag,
        from sendable
        where user_properties <> '{}'
        group by user_properties
    ),

    opened_snapshots as (
        select
            snapshots.user_properties,
            {{ entries_set(json_entries("snapshots.bag")) }} as entries,
            names.user_names,
        from snapshots
        cross join names
    ),

    spelled_snapshots as (
        select user_properties, {{ set_members("entries", "user_names") }} as members,
        from opened_snapshots
    ),

    groups as (
        select groups, {{ json_strict("groups") }} as bag,
        from sendable
        where groups <> '{}'
        group by groups
    ),

    spelled_groups as (
        select
            groups.groups,
            concat_ws(
                ',',
                '"$amplitude_groups":' || groups.bag,
                {{ groups_member("groups.bag", "coalesce(group_types.sent_group_types, [])") }}
            ) as members,
        from groups
        cross join group_types
    ),

    strict as (
        select *, {{ json_strict("coalesce(event_properties, '{}')") }} as event_bag, from sendable
    ),

    spelled as (
        select
            strict.event_uuid,
            strict.export_file,
            strict.event_type,
            strict.event_at,
            strict.distinct_id,
            strict.person_id,
            strict.posthog_event,
            strict.rejection,
            strict.rejection_detail,
            strict.version,
            '{' || concat_ws(
                ',',
                {{ bag_members("strict.event_bag", "names.event_names") }},
                {{ standard_properties() }},
                spelled_groups.members,
                nullif(spelled_snapshots.members, '')
            )
            || '}' as properties,
        from strict
        cross join names
        left join spelled_groups on strict.groups = spelled_groups.groups
        left join spelled_snapshots on strict.user_properties = spelled_snapshots.user_properties
    ),

    -- PostHog stores a message as a JSON string inside JSON: quotes and backslashes double.
    weighed as (
        select
            *,
            case
                when {{ byte_length("properties") }} > 449999
                then {{ byte_length("to_json(properties)") }}
            end as encoded_bytes,
            {{ payload_fault("properties") }} as fault,
            {{ payload_hash("properties", "event_at") }} as payload_hash,
        from spelled
    ),

    judged_by_weight as (
        select
            * replace (
                case when encoded_bytes > 900000 then 'too large' end as rejection,
                case
                    when encoded_bytes > 900000
                    then encoded_bytes || ' bytes once encoded, at most 900000'
                end as rejection_detail
            ),
        from weighed
    ),

    all_events as (
        select *
        from judged_by_weight
        union all by name
        select *
        from changed
        where rejection is not null
    )

select *, {{ key_hash("posthog_event", "distinct_id", "event_at") }} as key_hash,
from all_events
