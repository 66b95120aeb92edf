with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    judged as (select * from {{ ref("int_posthog_events") }}),

    core as (
        select
            events.event_uuid,
            events.event_type,
            events.event_at,
            judged.person_id,
            judged.distinct_id,
            events.user_id,
            events.device_id,
            events.amplitude_id,
            events.session_id,
            events.event_id,
            events.insert_id,
            events.platform,
            events.library,
            events.version_name,
            events.language,
            events.os_name,
            events.os_version,
            events.device_family,
            events.device_type,
            events.device_model,
            events.device_manufacturer,
            events.country,
            events.region,
            events.city,
            events.location_lat,
            events.location_lng,
            events.ip_address,
            events.is_paying,
            events.user_created_at,
            events.server_received_at,
            events.server_upload_at,
            events.event_properties,
            events.user_properties,
            events.groups,
            events.group_properties,
            judged.rejection,
            events.export_file,
        from events
        inner join judged on events.event_uuid = judged.event_uuid
    )

select *
from core
