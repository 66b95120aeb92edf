{# The path of the object that a path's property is in; empty at the top. #}
{% macro parent_path(path) -%} regexp_replace({{ path }}, '/[^/]*$', '') {%- endmacro %}

{# How many objects deep a path's property is, 1 at the top. #}
{% macro path_depth(path) -%} len(regexp_replace({{ path }}, '[^/]', '', 'g')) {%- endmacro %}

{# Whether one of the keys in a path is the empty text. #}
{% macro has_empty_token(path) -%} contains({{ path }} || '/', '//') {%- endmacro %}

{# A path as a text: what the escapes of a JSON pointer stand for is no part of a name. #}
{% macro unescaped_path(path) -%} regexp_replace({{ path }}, '~[01]', '/', 'g') {%- endmacro %}

{#
    What a text is called as a column or a view: snake case, letters and digits of any script, at
    most 120 characters. Different texts can get one name; whoever asks has to number them.
#}
{% macro column_name_of(text) -%}
    coalesce(
        nullif(
            trim(
                regexp_replace(
                    lower(regexp_replace({{ text }}, '([\p{Ll}\p{N}])(\p{Lu})', '\1_\2', 'g')),
                    '[^\p{L}\p{N}]+',
                    '_',
                    'g'
                )[:120],
                '_'
            ),
            ''
        ),
        'unnamed'
    )
{%- endmacro %}

{# Of things with one name the first has it plain; two underscores in a row are in no plain name. #}
{% macro numbered(name, number) -%}
    case when {{ number }} = 1 then {{ name }} else {{ name }} || '__' || {{ number }} end
{%- endmacro %}

{# How many columns a bag may get. #}
{% macro max_columns() -%} {{ env_var("MAX_COLUMNS", "300") | int }} {%- endmacro %}
