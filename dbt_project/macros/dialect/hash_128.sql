{# The whole MD5 of a text as a number: no two of a billion texts share one by chance. #}
{% macro hash_128(text) -%} md5_number({{ text }}) {%- endmacro %}
