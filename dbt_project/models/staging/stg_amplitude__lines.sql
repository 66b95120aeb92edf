with
    lines as (
        select *
        from {{ source("amplitude", "events") }}
        where {{ is_new_load(source("amplitude", "events"), "_dlt_load_id") }}
    ),

    timed as (
        select
            *,
            {{ utc_timestamp("event_time") }} as event_time_at,
            {{ utc_timestamp("client_event_time") }} as client_event_at,
            {{ utc_timestamp("server_received_time") }} as server_received_at,
            {{ utc_timestamp("server_upload_time") }} as server_upload_at,
        from lines
    ),

    dated as (
        select
            *,
            case
                when event_time_at <= coalesce(server_upload_at, event_time_at)
                then 'event_time'
                when client_event_at <= coalesce(server_upload_at, client_event_at)
                then 'client_event_time'
                when server_received_at <= coalesce(server_upload_at, server_received_at)
                then 'server_received_time'
                when server_upload_at is not null
                then 'server_upload_time'
            end as event_at_source,
        from timed
    ),

    typed as (
        select
            coalesce(
                try_cast(uuid as uuid),
                case
                    when try_cast(uuid as uuid) is null
                    then {{ uuid_v5("to_json(" ~ raw_line() ~ ")::varchar") }}
                end
            ) as event_uuid,
            {{ blank_to_null("event_type") }} as event_type,
            case
                event_at_source
                when 'event_time'
                then event_time_at
                when 'client_event_time'
                then client_event_at
                when 'server_received_time'
                then server_received_at
                when 'server_upload_time'
                then server_upload_at
            end as event_at,
            event_at_source,
            client_event_at,
            {{ utc_timestamp("client_upload_time") }} as client_upload_at,
            server_received_at,
            server_upload_at,
            {{ utc_timestamp("processed_time") }} as processed_at,
            {{ blank_to_null("user_id") }} as user_id,
            {{ blank_to_null("device_id") }} as device_id,
            {{ exact_bigint("amplitude_id") }} as amplitude_id,
            nullif({{ exact_bigint("session_id") }}, -1) as session_id,
            {{ exact_bigint("event_id") }} as event_id,
            insert_id,
            insert_key,
            amplitude_event_type,
            app,
            platform,
            library,
            version_name,
            start_version,
            language,
            os_name,
            os_version,
            device_brand,
            device_carrier,
            device_family,
            device_manufacturer,
            device_model,
            device_type,
            country,
            region,
            city,
            dma,
            ip_address,
            {{ finite_double("location_lat") }} as location_lat,
            {{ finite_double("location_lng") }} as location_lng,
            adid,
            idfa,
            {{ flexible_boolean("paying") }} as is_paying,
            {{ flexible_boolean("is_attribution_event") }} as is_attribution_event,
            {{ utc_timestamp("user_creation_time") }} as user_created_at,
            {{ json_object_or_null("event_properties") }} as event_properties,
            {{ json_object_or_null("user_properties") }} as user_properties,
            {{ hash_128(json_object_or_null("user_properties")) }} as user_properties_hash,
            {{ json_object_or_null("groups") }} as groups,
            {{ json_object_or_null("group_properties") }} as group_properties,
            {{ json_object_or_null("global_user_properties") }} as global_user_properties,
            {{ json_object_or_null("data") }} as data,
            {{ json_object_or_null("plan") }} as plan,
            amplitude_attribution_ids,
            partner_id,
            source_id,
            sample_rate,
            data_type,
            schema as schema_version,
            extra,
            {{ raw_line() }} as exported,
            export_file,
            _dlt_load_id as load_id,
        from dated
    ),

    inspected as (
        select
            *,
            {{ identity_id() }} as identity_id,
            {{ key_count("event_properties") }} as event_property_count,
            {{ key_count("user_properties") }} as user_property_count,
            {{ key_count("group_properties") }} as group_property_count,
            {{ unusable_cells() }} as unusable_cells,
        from typed
    )

select * exclude (exported)
from inspected
