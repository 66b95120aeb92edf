{# The members of a JSON object as rows of (key, value); a repeated key is repeated. #}
{% macro json_unnested(object) -%}
    unnest(map_entries(from_json({{ object }}, '"MAP(VARCHAR, JSON)"')), recursive := true)
{%- endmacro %}

{# One key as a token of a JSON pointer (RFC 6901). #}
{% macro pointer_token(key) -%} replace(replace({{ key }}, '~', '~0'), '/', '~1') {%- endmacro %}
