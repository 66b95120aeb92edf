{# The columns that every `marts.posthog_*` model has, with the two hashes the ledger compares. #}
{% macro posthog_message(relation) -%}
    select
        uuid,
        event,
        distinct_id,
        "timestamp",
        properties,
        {{ key_hash("event", "distinct_id", '"timestamp"') }} as key_hash,
        {{ payload_hash("properties", '"timestamp"') }} as payload_hash,
    from {{ relation }}
{%- endmacro %}

{# What PostHog takes for the same event, beside the uuid: event, distinct_id and UTC day. #}
{% macro key_hash(event, distinct_id, timestamp) -%}
    {{ hash_64("concat_ws(chr(31), " ~ event ~ ", " ~ distinct_id ~ ", " ~ timestamp ~ "::date)") }}
{%- endmacro %}

{# What a second delivery would replace. #}
{% macro payload_hash(properties, timestamp) -%}
    {{ hash_64("concat_ws(chr(31), " ~ properties ~ ", " ~ timestamp ~ ")") }}
{%- endmacro %}
