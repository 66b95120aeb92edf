{#
    The order in which Amplitude took rows in. Rows of one upload share its time: among them the
    client's own time and counter decide, and the uuid only where nothing else can.
#}
{% macro order_of_arrival(relation) -%}
    {{ relation }}.server_upload_at nulls first,
    {{ relation }}.event_at nulls first,
    {{ relation }}.event_id nulls first,
    {{ relation }}.event_uuid
{%- endmacro %}
