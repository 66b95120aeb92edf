{# An id as PostHog compares it with the ids it never merges: lower case, no quotes or space around. #}
{% macro bare_id(id) -%}
    regexp_replace(lower({{ id }}), '^[\s\pZ\pC''"`]+|[\s\pZ\pC''"`]+$', '', 'g')
{%- endmacro %}
