-- Its columns come from the catalogue. depends_on: {{ ref('int_property_paths') }}
with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    judged as (
        select event_uuid, distinct_id, person_id, rejection, version,
        from {{ ref("int_posthog_events") }}
    ),

    changed as (
        select judged.* from judged {{ without_built("judged", ["version", "rejection"]) }}
    ),

    parsed as (
        select
            events.*,
            changed.distinct_id,
            changed.person_id,
            changed.rejection,
            changed.version,
            {{ property_struct("event_properties") }} as event_struct,
            {{ property_struct("user_properties") }} as user_struct,
        from events
        inner join changed on events.event_uuid = changed.event_uuid
    ),

    flattened as (
        select
            event_uuid,
            event_type,
            event_at,
            person_id,
            distinct_id,
            user_id,
            device_id,
            amplitude_id,
            session_id,
            event_id,
            insert_id,
            platform,
            library,
            version_name,
            language,
            os_name,
            os_version,
            device_family,
            device_type,
            device_model,
            device_manufacturer,
            country,
            region,
            city,
            location_lat,
            location_lng,
            ip_address,
            is_paying,
            user_created_at,
            server_received_at,
            server_upload_at,
            event_properties,
            user_properties,
            groups,
            group_properties,
            rejection,
            event_property_count,
            user_property_count,
            group_property_count,
            export_file,
            version,
            {{ property_columns("event_properties", "event_struct") }}
            {{ property_columns("user_properties", "user_struct") }}
        from parsed
    )

select *
from flattened
