{#
    The properties that PostHog's features look for, and what else Amplitude recorded about an event,
    as members of a JSON object. On Web, Amplitude's os_name is the browser and device_family the
    system. Whatever has no place of its own in PostHog goes under `$amplitude_` and its export key.
#}
{% macro standard_properties() -%}
    {%- set texts = {
        "$browser": "case when is_web then os_name end",
        "$os": "case when is_web then device_family else os_name end",
        "$os_name": "case when not is_web then os_name end",
        "$os_version": "case when not is_web then os_version end",
        "$device_type": "posthog_device_type",
        "$device_model": "case when not is_web then device_model end",
        "$device_manufacturer": "device_manufacturer",
        "$network_carrier": "device_carrier",
        "$app_version": "version_name",
        "$browser_language": "case when is_web then language_code end",
        "$locale": "case when not is_web then language_code end",
        "$ip": "ip_address",
        "$geoip_country_name": "country",
        "$geoip_country_code": "country_code",
        "$geoip_subdivision_1_name": "region",
        "$geoip_city_name": "city",
        "$device_id": "device_id",
        "$amplitude_user_id": "user_id",
        "$amplitude_device_id": "device_id",
        "$amplitude_insert_id": "insert_id",
        "$amplitude_insert_key": "insert_key",
        "$amplitude_schema": "schema_version",
        "$amplitude_event_type": "event_type",
        "$amplitude_amplitude_event_type": "amplitude_event_type",
        "$amplitude_app": "app",
        "$amplitude_data_type": "data_type",
        "$amplitude_platform": "platform",
        "$amplitude_language": "language",
        "$amplitude_library": "library",
        "$amplitude_device_brand": "device_brand",
        "$amplitude_device_carrier": "device_carrier",
        "$amplitude_device_family": "device_family",
        "$amplitude_device_model": "device_model",
        "$amplitude_device_type": "device_type",
        "$amplitude_start_version": "start_version",
        "$amplitude_dma": "dma",
        "$amplitude_adid": "adid",
        "$amplitude_idfa": "idfa",
        "$amplitude_partner_id": "partner_id",
        "$amplitude_source_id": "source_id",
        "$amplitude_sample_rate": "sample_rate",
        "$amplitude_client_event_time": "client_event_at",
        "$amplitude_client_upload_time": "client_upload_at",
        "$amplitude_server_received_time": "server_received_at",
        "$amplitude_server_upload_time": "server_upload_at",
        "$amplitude_processed_time": "processed_at",
        "$amplitude_user_creation_time": "user_created_at",
    } -%}
    {%- set integers = {
        "$amplitude_id": "amplitude_id",
        "$amplitude_event_id": "event_id",
        "$amplitude_session_id": "session_id",
    } -%}
    {%- set numbers = {
        "$geoip_latitude": "location_lat",
        "$geoip_longitude": "location_lng",
        "$amplitude_paying": "is_paying",
        "$amplitude_is_attribution_event": "is_attribution_event",
    } -%}
    {%- set bags = {
        "$amplitude_attribution_ids": "amplitude_attribution_ids",
        "$amplitude_data": "data",
        "$amplitude_plan": "plan",
        "$amplitude_global_user_properties": "global_user_properties",
        "$amplitude_group_properties": "group_properties",
        "$amplitude_extra": "extra",
    } -%}
    {%- set browser_version = "case when is_web then os_version end" -%}
    {%- set members = [json_number_or_text_member("$browser_version", browser_version)] -%}
    {%- for name, column in texts.items() %}
        {%- do members.append(json_text_member(name, column)) -%}
    {%- endfor %}
    {%- for name, column in integers.items() %}
        {%- do members.append(json_integer_member(name, column)) -%}
    {%- endfor %}
    {%- for name, column in numbers.items() %}
        {%- do members.append(json_number_member(name, column)) -%}
    {%- endfor %}
    {%- for name, column in bags.items() %}
        {%- do members.append(json_bag_member(name, column)) -%}
    {%- endfor %}
    {%- set fixed = '"$geoip_disable":true,"analytics_source":"amplitude","historical_migration":true' -%}
    {{ json_members(members + ["'" ~ fixed ~ "'"]) }}
{%- endmacro %}
