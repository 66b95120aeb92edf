-- Its names come from a seed. depends_on: {{ ref('property_names') }}
with
    -- Read more than once, it would be copied first.
    judged as not materialized(
        select * from {{ ref("int_posthog_events") }} where person_id is not null
    ),

    events as (select * from {{ ref("stg_amplitude__events") }}),

    snapshots as (select * from {{ ref("int_user_snapshots") }}),

    profiles as (select * from {{ ref("int_person_profiles") }}),

    country_codes as (select * from {{ ref("country_codes") }}),

    people as (
        select person_id, {{ version_of_events("judged") }} as version
        from judged
        group by person_id
    ),

    versions as (
        select
            people.person_id,
            hash(
                people.version, profiles.is_found, profiles.user_properties, profiles.cohort_ids
            ) as version,
        from people
        left join profiles on people.person_id = profiles.person_id
    ),

    changed as (
        select versions.*
        from versions {{ without_built("versions", ["version"], key=["person_id"]) }}
    ),

    -- An event that is excluded by rule still says what its person was like.
    told as (
        select
            judged.person_id,
            judged.rejection is null as is_sent,
            events.event_uuid,
            events.server_upload_at,
            events.event_at,
            events.event_id,
            events.user_properties_hash,
            events.country,
            events.region,
            events.city,
        from judged
        semi join changed on judged.person_id = changed.person_id
        inner join events on judged.event_uuid = events.event_uuid
        where
            judged.has_profile
            and coalesce(judged.rejection, 'excluded by rule') = 'excluded by rule'
            and not {{ is_after_cutover("events.event_at") }}
    ),

    persons as (
        select
            person_id,
            max(event_at) filter (where is_sent) as last_event_at,
            arg_min({{ place("told") }}, {{ moment("told") }}) filter (
                where country is not null
            ) as first_place,
            arg_max({{ place("told") }}, {{ moment("told") }}) filter (
                where country is not null
            ) as last_place,
        from told
        group by person_id
        having bool_or(is_sent)
    ),

    changes as (
        select *
        from told
        where user_properties_hash is not null
        qualify
            user_properties_hash is distinct from lag(user_properties_hash) over (
                partition by person_id order by {{ order_of_arrival("told") }}
            )
    ),

    last_changes as (
        select *
        from changes
        qualify
            lead(event_uuid) over (
                partition by person_id order by {{ order_of_arrival("changes") }}
            )
            is null
    ),

    described as (
        select
            profiles.person_id,
            profiles.cohort_ids,
            profiles.user_properties is not null as has_properties,
            {{ json_deduplicated(json_strict("coalesce(profiles.user_properties, '{}')")) }} as bag,
        from profiles
        semi join changed on profiles.person_id = changed.person_id
        where profiles.is_found
    ),

    profile_members as ({{ user_members("described", "person_id, cohort_ids, has_properties") }}),

    states as (
        select
            changed.person_id,
            changed.version,
            coalesce(last_changes.event_at, persons.last_event_at) as since,
            case
                when profile_members.has_properties
                then profile_members.set_members
                else snapshots.set_members
            end as own_set_members,
            case
                when profile_members.has_properties
                then profile_members.set_once_members
                else snapshots.set_once_members
            end as own_set_once_members,
            profile_members.cohort_ids,
            {{ place_members("persons.last_place", "last_codes.country_code", "$geoip") }}
            as last_place_members,
            {{ place_members("persons.first_place", "first_codes.country_code", "$initial_geoip") }}
            as first_place_members,
        from changed
        left join persons on changed.person_id = persons.person_id
        left join last_changes on persons.person_id = last_changes.person_id
        left join snapshots on last_changes.user_properties_hash = snapshots.user_properties_hash
        left join profile_members on persons.person_id = profile_members.person_id
        left join country_codes as last_codes on persons.last_place.country = last_codes.country
        left join country_codes as first_codes on persons.first_place.country = first_codes.country
    ),

    members as (
        select
            person_id,
            version,
            since,
            nullif(
                concat_ws(
                    ',',
                    own_set_members,
                    '"amplitude_cohort_ids":' || cohort_ids,
                    last_place_members
                ),
                ''
            ) as set_members,
            nullif(
                concat_ws(',', own_set_once_members, first_place_members), ''
            ) as set_once_members,
        from states
    ),

    messages as (
        select
            person_id,
            version,
            since,
            case
                when since is not null and coalesce(set_members, set_once_members) is not null
                then
                    '{'
                    || {{ person_changes("set_members", "set_once_members") }}
                    || ',"$geoip_disable":true}'
            end as properties,
        from members
    )

select
    *,
    {{ uuid_v5("to_json(['person', person_id, since::varchar, properties])::varchar") }} as uuid,
    {{ key_hash("'$set'", "person_id", "since") }} as key_hash,
    {{ payload_hash("properties", "since") }} as payload_hash,
from messages
