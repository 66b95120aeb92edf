{# How many members a JSON object has, repeated keys included. #}
{% macro key_count(object) -%} len(json_keys({{ object }})) {%- endmacro %}
