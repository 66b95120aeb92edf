{#
    The names under which PostHog's features look for a bag's properties: a dictionary from each name
    to the JSON pointers of the properties that it may be, the preferred first.

    `place` is where PostHog looks: event or person.
#}
{% macro standard_names(bag, place) -%}
    {%- set names = {} -%}
    {%- for row in property_name_rows() if row.bag == bag and row.place == place -%}
        {%- set name = row.amplitude_name -%}
        {%- set pointer = name if name.startswith("/") else "/" ~ pointer_of(name) -%}
        {%- do names.setdefault(row.posthog_name, []).append(pointer) -%}
    {%- endfor -%}
    {%- do return(names) -%}
{%- endmacro %}

{# The names that a person keeps from the first time, and those that follow the last. #}
{% macro initial_names(names, are_initial) -%}
    {%- set chosen = {} -%}
    {%- for name, pointers in names.items() -%}
        {%- if pointers[0].startswith("/initial_") == are_initial -%}
            {%- do chosen.update({name: pointers}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do return(chosen) -%}
{%- endmacro %}

{# The rows of the seed property_names in order of preference, each as a dictionary. #}
{% macro property_name_rows() -%}
    {%- if not execute -%} {%- do return([]) -%} {%- endif -%}
    {%- set query -%}
        select to_json(property_names)::varchar as name
        from {{ ref("property_names") }} as property_names
        order by bag, place, posthog_name, preference
    {%- endset -%}
    {%- set rows = [] -%}
    {%- for name in run_query(query).columns[0].values() -%}
        {%- do rows.append(fromjson(name)) -%}
    {%- endfor -%}
    {%- do return(rows) -%}
{%- endmacro %}

{# One key as a token of a JSON pointer (RFC 6901). #}
{% macro pointer_of(key) -%} {{ key | replace("~", "~0") | replace("/", "~1") }} {%- endmacro %}

{# The names of an event's own properties. #}
{% macro event_names() -%}
    {%- do return(standard_names("event_properties", "event")) -%}
{%- endmacro %}

{# Whether an event of PostHog's says which element of a page it was about. #}
{% macro is_about_an_element(posthog_event) -%}
    {{ posthog_event }} in ('$autocapture', '$rageclick', '$dead_click')
{%- endmacro %}
