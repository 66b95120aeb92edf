{# Bytes in UTF-8, which is how PostHog measures ids and names. #}
{% macro byte_length(text) -%} strlen({{ text }}) {%- endmacro %}
