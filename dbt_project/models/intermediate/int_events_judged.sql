with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    persons as (select * from {{ ref("int_identity_persons") }}),

    event_names as (select * from {{ ref("event_names") }}),

    group_types as (
        select to_json(list(group_type order by group_type))::varchar as sent_group_types
        from {{ ref("int_group_types") }}
        where position <= 5
    ),

    named as (
        select
            events.event_uuid,
            events.export_file,
            events.event_type,
            events.event_at,
            persons.distinct_id,
            persons.person_id,
            persons.session_owner,
            {{ has_profile("persons.known_user_id") }} as has_profile,
            coalesce(
                event_names.posthog_event, {{ escaped_name("events.event_type") }}
            ) as posthog_event,
            coalesce(event_names.excluded, false) as is_excluded,
            event_names.reason as exclusion,
            nullif(event_names.properties[2:-2], '') as event_members,
            case when events.groups <> '{}' then group_types.sent_group_types end as group_types,
        from events
        inner join persons on events.identity_id = persons.identity_id
        left join event_names on events.event_type = event_names.event_type
        cross join group_types
    ),

    judged as (
        select
            *,
            case
                when event_type is null
                then 'no event type'
                when is_excluded
                then 'excluded by rule'
                when distinct_id is null
                then 'no identity'
                when {{ byte_length("distinct_id") }} > 200
                then 'over-long id'
                when {{ byte_length("posthog_event") }} > 200
                then 'over-long event name'
                when event_at is null
                then 'no usable time'
                when {{ is_after_cutover("event_at") }}
                then 'after the cutover'
            end as rejection,
            case
                when is_excluded
                then exclusion
                when {{ byte_length("distinct_id") }} > 200
                then 'the id has ' || {{ byte_length("distinct_id") }} || ' bytes'
                when {{ byte_length("posthog_event") }} > 200
                then 'the name has ' || {{ byte_length("posthog_event") }} || ' bytes'
            end as rejection_detail,
        from named
    )

select
    * exclude (is_excluded, exclusion, group_types),
    hash(
        export_file,
        distinct_id,
        person_id,
        session_owner,
        has_profile,
        posthog_event,
        event_members,
        rejection,
        rejection_detail,
        group_types
    ) as version,
from judged
