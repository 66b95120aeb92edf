{#
    The cells of a line that could not be used as they were exported, as JSON text: export key to
    exported value. Null, and cheap, for the usual line that has none.
#}
{% macro unusable_cells() -%}
    {%- set cells -%}
        {
            'event_time': case
                when coalesce(event_at_source, '') <> 'event_time'
                then coalesce(exported.event_time, '')
            end,
            'amplitude_id': case when amplitude_id is null then exported.amplitude_id end,
            'event_id': case when event_id is null then exported.event_id end,
            'session_id': case
                when session_id is null then nullif(exported.session_id, '-1')
            end,
            'location_lat': case when location_lat is null then exported.location_lat end,
            'location_lng': case when location_lng is null then exported.location_lng end,
            'paying': case when is_paying is null then exported.paying end,
            'user_creation_time': case
                when user_created_at is null then exported.user_creation_time
            end,
            'server_received_time': case
                when server_received_at is null then exported.server_received_time
            end,
            'server_upload_time': case
                when server_upload_at is null then exported.server_upload_time
            end,
            'event_properties': case
                when event_properties is null then exported.event_properties
            end,
            'user_properties': case
                when user_properties is null then exported.user_properties
            end,
            'groups': case when groups is null then exported.groups end,
            'group_properties': case
                when group_properties is null then exported.group_properties
            end
        }
    {%- endset -%}
    case
        when
            coalesce(event_at_source, '') <> 'event_time'
            or (amplitude_id is null and exported.amplitude_id <> '')
            or (event_id is null and exported.event_id <> '')
            or (session_id is null and exported.session_id not in ('', '-1'))
            or (location_lat is null and exported.location_lat <> '')
            or (location_lng is null and exported.location_lng <> '')
            or (is_paying is null and exported.paying <> '')
            or (user_created_at is null and exported.user_creation_time <> '')
            or (server_received_at is null and exported.server_received_time <> '')
            or (server_upload_at is null and exported.server_upload_time <> '')
            or (event_properties is null and exported.event_properties <> '')
            or (user_properties is null and exported.user_properties <> '')
            or (groups is null and exported.groups <> '')
            or (group_properties is null and exported.group_properties <> '')
        then '{' || {{ struct_members(cells) }} || '}'
    end
{%- endmacro %}
