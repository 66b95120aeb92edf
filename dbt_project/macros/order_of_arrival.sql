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

{# The same order as one value, for arg_max. #}
{% macro arrival(relation) -%}
    row(coalesce({{ relation }}.server_upload_at, '-infinity'::timestamp), {{ moment(relation) }})
{%- endmacro %}

{# The order in which things happened, as one value, for arg_min and arg_max. #}
{% macro moment(relation) -%}
    row(
        coalesce({{ relation }}.event_at, '-infinity'::timestamp),
        coalesce({{ relation }}.event_id, -1),
        {{ relation }}.event_uuid
    )
{%- endmacro %}
