{#
    One row per key: of one column, or of several by the argument `columns`. None of them is null but
    those in `nullable`, where null is one more value; nor is any of the columns in `filled`, which
    are no part of the key. Fails with each key that is not so, how many rows have it, and the columns
    that miss a value. One query, where `unique` and each `not_null` would be one more.
#}
{% test key(model, column_name=none, columns=none, nullable=[], filled=[]) %}
    {%- set columns = columns or [column_name] %}
    {%- set wanted = columns | reject("in", nullable) | list + filled %}
    select
        {{ columns | join(", ") }},
        count(*) as rows_with_it,
        concat_ws(
            ', ',
            null
            {%- for column in wanted %}
                , case when count({{ column }}) < count(*) then '{{ column }}' end
            {%- endfor %}
        ) as missing,
    from {{ model }}
    group by {{ columns | join(", ") }}
    having count(*) > 1 {%- for column in wanted %} or count({{ column }}) < count(*) {%- endfor -%}
{% endtest %}
