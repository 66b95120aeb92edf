{#
    What a message tells of its person, as members of its properties: `"$set":{...}` for what follows
    the last value and `"$set_once":{...}` for what the first decides. Each is null if there is none.

    With PERSON_PROPERTIES=set_once nothing may replace what a live person has already.
#}
{% macro person_changes(set_members, set_once_members) -%}
    {%- if person_properties() == "set_once" -%}
        '"$set_once":{'
        || nullif(concat_ws(',', {{ set_members }}, {{ set_once_members }}), '')
        || '}'
    {%- else -%}
        {{
            json_members(
                [
                    "'\"$set\":{' || " ~ set_members ~ " || '}'",
                    "'\"$set_once\":{' || " ~ set_once_members ~ " || '}'",
                ]
            )
        }}
    {%- endif -%}
{%- endmacro %}

{# The same for an event: its person's snapshot, unless persons are told once, at the end. #}
{% macro event_person_changes(set_members, set_once_members) -%}
    {%- if person_properties() == "per_event" -%}
        nullif({{ person_changes(set_members, set_once_members) }}, '')
    {%- else -%} null
    {%- endif -%}
{%- endmacro %}

{# per_event, final or set_once. #}
{% macro person_properties() -%}
    {%- do return(env_var("PERSON_PROPERTIES", "per_event") or "per_event") -%}
{%- endmacro %}

{# Whether a person becomes one in PostHog: with ANONYMOUS_PERSONS=personless only one with a user id. #}
{% macro has_profile(user_id) -%}
    {%- if env_var("ANONYMOUS_PERSONS", "full") == "personless" -%} {{ user_id }} is not null
    {%- else -%} true
    {%- endif -%}
{%- endmacro %}

{# Whether a moment lies after POSTHOG_LIVE_SINCE, when PostHog began to see the events itself. #}
{% macro is_after_cutover(moment) -%}
    {%- set cutover = env_var("POSTHOG_LIVE_SINCE", "") -%}
    {%- if cutover -%} coalesce({{ moment }} >= '{{ cutover }}'::timestamp, false)
    {%- else -%} false
    {%- endif -%}
{%- endmacro %}

{# Where an event happened, as one value. #}
{% macro place(relation) -%}
    struct_pack(
        country := {{ relation }}.country,
        region := {{ relation }}.region,
        city := {{ relation }}.city
    )
{%- endmacro %}

{# What PostHog's own look-up of places tells a person, as members of a JSON object; null without one. #}
{% macro place_members(place, country_code, prefix) -%}
    nullif(
        {{
            json_members(
                [
                    json_text_member(prefix ~ "_country_name", place ~ ".country"),
                    json_text_member(prefix ~ "_country_code", country_code),
                    json_text_member(prefix ~ "_subdivision_1_name", place ~ ".region"),
                    json_text_member(prefix ~ "_city_name", place ~ ".city"),
                ]
            )
        }},
        ''
    )
{%- endmacro %}
