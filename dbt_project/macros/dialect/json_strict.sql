{#
    JSON as PostHog's parsers take it: NaN and Infinity, which Amplitude's Python senders write and
    DuckDB lets through, become null; integers that JavaScript cannot hold (beyond 2^53) and numbers
    beyond a double become strings. Only a text that may hold such a number pays for the look.
#}
{% macro json_strict(json) -%}
    case
        when
            regexp_matches({{ json }}, '[:\[,] ?-?(?:[0-9]{16}|[0-9.]+[eE]\+?[0-9]{3}|[nN]a|[iI]n)')
        then
            array_to_string(
                list_transform(
                    regexp_extract_all(
                        {{ json }},
                        '"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|-?[A-Za-z]+|[^"0-9A-Za-z-]+'
                    ),
                    lambda token:{{ json_strict_token("token") }}
                ),
                ''
            )
        else {{ json }}
    end
{%- endmacro %}

{% macro json_strict_token(token) -%}
    case
        when regexp_full_match({{ token }}, '-?(?i:nan|inf|infinity)')
        then 'null'
        when
            regexp_full_match({{ token }}, '-?[0-9]{16,}')
            and coalesce(abs(try_cast({{ token }} as hugeint)) > 9007199254740991, true)
        then '"' || {{ token }} || '"'
        when
            regexp_full_match({{ token }}, '-?[0-9][0-9.eE+-]*')
            and not coalesce(isfinite(try_cast({{ token }} as double)), false)
        then '"' || {{ token }} || '"'
        else {{ token }}
    end
{%- endmacro %}
