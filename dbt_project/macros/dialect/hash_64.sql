{# A stable 64-bit hash of a text, half of its MD5: the same on every run, machine and version. #}
{% macro hash_64(text) -%} md5_number_lower({{ text }}) {%- endmacro %}
