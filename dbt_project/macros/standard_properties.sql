{#
    The properties that PostHog's features look for, and what else Amplitude recorded about an event,
    as members of a JSON object. On Web, Amplitude's os_name is the browser and device_family the
    system.
#}
{% macro standard_properties() -%}
    {%- set texts = {
        "$browser": "case when is_web then os_name end",
        "$browser_version": "case when is_web then os_version end",
        "$os": "case when is_web then device_family else os_name end",
        "$os_version": "case when not is_web then os_version end",
        "$device_type": "case when is_web then device_type end",
        "$device_model": "case when not is_web then device_model end",
        "$device_manufacturer": "device_manufacturer",
        "$app_version": "version_name",
        "$ip": "ip_address",
        "$geoip_country_name": "country",
        "$geoip_subdivision_1_name": "region",
        "$geoip_city_name": "city",
        "$device_id": "device_id",
        "$amplitude_user_id": "user_id",
        "$amplitude_device_id": "device_id",
        "$amplitude_insert_id": "insert_id",
        "$amplitude_event_type": "event_type",
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
    } -%}
    {%- set members = [] -%}
    {%- for name, column in texts.items() %}
        {%- do members.append(json_text_member(name, column)) -%}
    {%- endfor %}
    {%- for name, column in integers.items() %}
        {%- do members.append(json_integer_member(name, column)) -%}
    {%- endfor %}
    {%- for name, column in numbers.items() %}
        {%- do members.append(json_number_member(name, column)) -%}
    {%- endfor %}
    {%- set fixed = '"$geoip_disable":true,"analytics_source":"amplitude","historical_migration":true' -%}
    {{ json_members(members + ["'" ~ fixed ~ "'"]) }}
{%- endmacro %}
