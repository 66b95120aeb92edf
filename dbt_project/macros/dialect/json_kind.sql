{#
    The type of a JSON value, given as text, by the names of JSON Schema; an integer beyond 64 bits is a kind of its
    own, since no column of numbers can hold it. Told by the first character: json_type would parse.
#}
{% macro json_kind(value) -%}
    case
        when {{ value }} is null or {{ value }} = 'null'
        then 'null'
        when starts_with({{ value }}, '"')
        then 'string'
        when starts_with({{ value }}, '{')
        then 'object'
        when starts_with({{ value }}, '[')
        then 'array'
        when {{ value }} in ('true', 'false')
        then 'boolean'
        when not regexp_full_match({{ value }}, '-?[0-9]+')
        then 'number'
        when {{ byte_length(value) }} < 19 or try_cast({{ value }} as bigint) is not null
        then 'integer'
        else 'big integer'
    end
{%- endmacro %}

{#
    What the text of a JSON string reads as, if not as mere text: a number, a date or a timestamp.
    Null for any other value. Asked only of strings that begin as a number may: patterns are slow.
#}
{% macro string_reads_as(value) -%}
    case
        when {{ value }} >= '"-' and {{ value }} < '":'
        then
            case
                when regexp_full_match({{ value }}, '"-?[0-9]+(\.[0-9]+)?"')
                then 'number'
                when regexp_full_match({{ value }}, '"[12][0-9]{3}-[01][0-9]-[0-3][0-9]"')
                then 'date'
                when {{ utc_timestamp(value ~ "[2:-2]") }} is not null
                then 'timestamp'
            end
    end
{%- endmacro %}
