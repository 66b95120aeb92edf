{#
    One row per key: of one column, or of several by the argument `columns`. None of them is null but
    those in `nullable`, where null is one more value. Fails with each key that is not so, and how
    many rows have it.
#}
{% test key(model, column_name=none, columns=none, nullable=[]) %}
    {%- set columns = columns or [column_name] %}
    select {{ columns | join(", ") }}, count(*) as rows_with_it,
    from {{ model }}
    group by {{ columns | join(", ") }}
    having
        count(*) > 1
        {%- for column in columns if column not in nullable %}
            or {{ column }} is null
        {%- endfor -%}
{% endtest %}
