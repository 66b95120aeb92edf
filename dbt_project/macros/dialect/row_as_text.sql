{# All columns of a relation's row as one text, to decide where nothing else does. #}
{% macro row_as_text(relation) -%} to_json({{ relation }})::varchar {%- endmacro %}
