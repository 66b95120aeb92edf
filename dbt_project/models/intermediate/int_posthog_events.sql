-- Its names come from a seed. depends_on: {{ ref('property_names') }}
with
    judged as (select * from {{ ref("int_events_judged") }}),

    events as (
        select event_uuid as uuid, * exclude (event_uuid, export_file, event_type, event_at),
        from {{ ref("stg_amplitude__events") }}
    ),

    snapshots as (select * from {{ ref("int_user_snapshots") }}),

    device_types as (select * from {{ ref("int_device_types") }}),

    country_codes as (select * from {{ ref("country_codes") }}),

    languages as (select * from {{ ref("languages") }}),

    group_types as (
        select coalesce(list(group_type), []) as sent_group_types
        from {{ ref("int_group_types") }}
        where position <= 5
    ),

    changed as (select judged.* from judged {{ without_built("judged", ["version"]) }}),

    sendable as (
        select
            changed.*,
            events.*,
            coalesce(events.platform = 'Web', false) as is_web,
            device_types.posthog_device_type,
            country_codes.country_code,
            languages.language_code,
            {{ json_deduplicated(json_strict("coalesce(events.event_properties, '{}')")) }}
            as event_bag,
        from events
        inner join changed on events.uuid = changed.event_uuid
        left join
            device_types
            on events.platform is not distinct from device_types.platform
            and events.device_family is not distinct from device_types.device_family
            and events.device_type is not distinct from device_types.device_type
        left join country_codes on events.country = country_codes.country
        left join languages on events.language = languages.language
        where changed.rejection is null
    ),

    -- Many events carry the same groups: each is spelled once.
    groups as (
        select groups, {{ json_strict("groups") }} as bag,
        from {{ ref("stg_amplitude__events") }}
        where groups <> '{}'
        group by groups
    ),

    spelled_groups as (
        select
            groups.groups,
            concat_ws(
                ',',
                '"$amplitude_groups":' || groups.bag,
                {{ groups_member("groups.bag", "group_types.sent_group_types") }}
            ) as members,
        from groups
        cross join group_types
    ),

    keyed as (select *, json_keys(event_bag) as event_keys, from sendable),

    read as (
        select
            keyed.*,
            spelled_groups.members as group_members,
            -- As a join, DuckDB would keep all events in memory and look them up by snapshot: it
            -- takes the events that have changed for fewer than they are.
            (
                select
                    struct_pack(
                        set_members := snapshots.set_members,
                        set_once_members := snapshots.set_once_members,
                        campaign_members := snapshots.campaign_members
                    )
                from snapshots
                where snapshots.user_properties_hash = keyed.user_properties_hash
            ) as snapshot,
            {{ standard_values("keyed.event_bag", "keyed.event_keys", event_names()) }}
            as standard_values,
            case
                when {{ is_about_an_element("keyed.posthog_event") }}
                then {{ element_values("keyed.event_bag") }}
            end as element_values,
        from keyed
        left join spelled_groups on keyed.groups = spelled_groups.groups
    ),

    named as (
        select *, {{ standard_members("standard_values", event_names()) }} as standard_members,
        from read
    ),

    spelled as (
        select
            event_uuid,
            export_file,
            event_type,
            event_at,
            distinct_id,
            person_id,
            posthog_event,
            rejection,
            rejection_detail,
            version,
            has_profile,
            '{' || concat_ws(
                ',',
                {{ bag_members("event_bag") }},
                {{ joined_members("standard_members") }},
                {{
                    joined_members(
                        members_beside(
                            "case when is_web then snapshot.campaign_members end",
                            "event_keys",
                            "standard_members",
                        )
                    )
                }},
                event_members,
                {{ json_text_member("$elements_chain", elements_chain("element_values")) }},
                {{ standard_properties() }},
                {{
                    json_text_member(
                        "$session_id",
                        session_uuid("device_id", "session_owner", "session_id", "event_at"),
                    )
                }},
                case when not has_profile then '"$process_person_profile":false' end,
                group_members,
                case
                    when has_profile
                    then
                        {{
                            event_person_changes(
                                "snapshot.set_members", "snapshot.set_once_members"
                            )
                        }}
                end
            )
            || '}' as properties,
        from named
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
        select * exclude (event_members, session_owner)
        from changed
        where rejection is not null
    )

select *, {{ key_hash("posthog_event", "distinct_id", "event_at") }} as key_hash,
from all_events
