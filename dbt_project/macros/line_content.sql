{# What makes an exported line itself, as one text: it stands in where Amplitude's uuid cannot tell. #}
{% macro line_content() -%}
    concat_ws(
        chr(31),
        'type=' || event_type,
        'user=' || user_id,
        'device=' || device_id,
        'amplitude=' || amplitude_id,
        'id=' || event_id,
        'insert=' || insert_id,
        'session=' || session_id,
        'time=' || event_time,
        'client=' || client_event_time,
        'upload=' || server_upload_time,
        'properties=' || event_properties,
        'user_properties=' || user_properties,
        'extra=' || extra
    )
{%- endmacro %}
