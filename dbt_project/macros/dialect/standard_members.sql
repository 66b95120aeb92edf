{#
    What a bag, a JSON object, has for some of PostHog's standard names: a list of (name, member),
    members spelled `"name":value`. Null if it has none of the properties.

    Found in two steps, each a column of its own: `standard_values` reads the bag once, whose keys are
    a column already.
#}
{% macro standard_values(bag, bag_keys, names) -%}
    {%- set keys = [] -%}
    {%- set pointers = [] -%}
    {%- for name, sources in names.items() -%}
        {%- for pointer in sources -%}
            {%- do pointers.append(pointer) -%} {%- do keys.append(path_tokens(pointer)[0]) -%}
        {%- endfor -%}
        {%- do pointers.append("/" ~ pointer_of(name)) -%}
    {%- endfor -%}
    {%- if not keys -%} null::json[]
    {%- else -%}
        case
            when list_has_any({{ bag_keys }}, {{ text_list(keys | unique) }})
            then json_extract({{ bag }}, {{ text_list(pointers) }})
        end
    {%- endif -%}
{%- endmacro %}

{# From those values. One that the bag has under PostHog's name already is left out, if they go where it goes. #}
{% macro standard_members(values, names, go_along=true) -%}
    {%- set members = [] -%}
    {%- set position = namespace(last=0) -%}
    {%- for name, sources in names.items() -%}
        {%- set said = [] -%}
        {%- for pointer in sources -%}
            {%- set position.last = position.last + 1 -%}
            {%- do said.append(said_value(values ~ "[" ~ position.last ~ "]")) -%}
        {%- endfor -%}
        {%- set position.last = position.last + 1 -%}
        {%- set value = (
            said[0] if said | length == 1 else "coalesce(" ~ said | join(", ") ~ ")"
        ) -%}
        {%- set text = dbt.string_literal(dbt.escape_single_quotes(tojson(name) ~ ":")) -%}
        {%- set member = text ~ " || " ~ value -%}
        {%- if go_along and not name.startswith("$") -%}
            {%- set own = values ~ "[" ~ position.last ~ "]" -%}
            {%- set member = "case when " ~ own ~ " is null then " ~ member ~ " end" -%}
        {%- endif -%}
        {%- set literal = dbt.string_literal(dbt.escape_single_quotes(name)) -%}
        {%- do members.append("{'name': " ~ literal ~ ", 'member': " ~ member ~ "}") -%}
    {%- endfor -%}
    {%- if not members -%} null::struct(name varchar, member varchar)[]
    {%- else -%}
        case
            when {{ values }} is not null
            then
                list_filter(
                    [{{ members | join(", ") }}], lambda standard:standard.member is not null
                )
        end
    {%- endif -%}
{%- endmacro %}

{# A JSON value as text; null if it says nothing: a null, or the "EMPTY" of Amplitude's SDKs. #}
{% macro said_value(value) -%}
    nullif(nullif({{ value }}::varchar, 'null'), '"EMPTY"')
{%- endmacro %}

{# The members alone, joined by commas; null without any. #}
{% macro joined_members(members) -%}
    nullif(array_to_string(list_transform({{ members }}, lambda standard:standard.member), ','), '')
{%- endmacro %}

{# Those whose name neither a bag, by its keys, nor another list of standard members has. #}
{% macro members_beside(members, bag_keys, others) -%}
    case
        when {{ members }} is not null
        then
            list_filter(
                {{ members }},
                lambda standard:
                not list_contains(
                    list_concat(
                        {{ bag_keys }},
                        list_transform(coalesce({{ others }}, []), lambda other:other.name)
                    ),
                    standard.name
                )
            )
    end
{%- endmacro %}

{% macro text_list(texts) -%}
    [
        {%- for text in texts -%}
            {{ dbt.string_literal(dbt.escape_single_quotes(text)) }}
            {%- if not loop.last %}, {% endif -%}
        {%- endfor -%}
    ]
{%- endmacro %}
