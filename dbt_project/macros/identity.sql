{#
    The key of the three ids that a row carries, each of which may be missing: who did it depends on
    nothing else.
#}
{% macro identity_id() -%}
    {{ hash_128("to_json([user_id, device_id, amplitude_id::varchar])::varchar") }}
{%- endmacro %}

{# A number that is another one when the rows of a group, or their order of arrival, are. #}
{% macro version_of_arrivals() -%}
    bit_xor(hash(event_uuid, server_upload_at, event_at, event_id))
{%- endmacro %}
