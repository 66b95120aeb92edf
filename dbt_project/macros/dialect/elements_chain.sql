{#
    PostHog's text for the element that a click or a change was about, as its own SDK's ingestion
    writes it: `tag.class:attribute="value"...`, classes and attributes in the order of the alphabet.
    Null if the tag is not known. Amplitude records no position among siblings: PostHog says 0 then.

    Found in two steps, each a column of its own: `element_values` reads the bag once.
#}
{% macro element_values(bag) -%}
    {%- set pointers = [] -%}
    {%- for part in ["Tag", "Class", "ID", "Href", "Text", "Aria Label"] -%}
        {%- do pointers.append("/[Amplitude] Element " ~ part) -%}
    {%- endfor -%}
    json_extract_string({{ bag }}, {{ text_list(pointers) }})
{%- endmacro %}

{% macro elements_chain(values) -%}
    case
        when {{ blank_to_null(values ~ "[1]") }} is not null
        then
            lower({{ values }} [1]) || coalesce(
                array_to_string(
                    list_transform(
                        list_sort(
                            list_filter(
                                string_split(replace({{ values }} [2], '"', ''), ' '),
                                lambda name:name <> ''
                            )
                        ),
                        lambda name:'.' || name
                    ),
                    ''
                ),
                ''
            )
            || ':'
            || concat(
                {{ element_attribute("attr__aria-label", values ~ "[6]") }},
                {{ element_attribute("attr__class", values ~ "[2]") }},
                {{ element_attribute("attr__href", values ~ "[4]") }},
                {{ element_attribute("attr__id", values ~ "[3]") }},
                {{ element_attribute("attr_id", values ~ "[3]") }},
                {{ element_attribute("href", values ~ "[4]") }},
                'nth-child="0"nth-of-type="0"',
                {{ element_attribute("text", values ~ "[5]") }}
            )
    end
{%- endmacro %}

{% macro element_attribute(name, value) -%}
    '{{ name }}="' || replace({{ blank_to_null(value) }}, '"', '\"') || '"'
{%- endmacro %}
