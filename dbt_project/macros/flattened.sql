{#
    The columns that the property catalogue has decided on, for one bag: the bag is parsed once, with
    one typed struct, whose fields become the columns.
#}
{% macro property_struct(bag) -%}
    {%- set spec = property_spec(bag, wanted_columns()) -%}
    {%- if spec -%} from_json({{ bag }}, '{{ dbt.escape_single_quotes(tojson(spec)) }}')
    {%- else -%} null
    {%- endif -%}
{%- endmacro %}

{% macro property_columns(bag, struct) -%}
    {%- set columns = wanted_columns() -%}
    {%- set spec = property_spec(bag, columns) -%}
    {%- for column in columns if column.bag == bag %}
        {%- set value = struct_field(struct, spec, path_tokens(column.path)) %}
        {{ typed_value(value, column) }} as {{ adapter.quote(column.column_name) }},
    {%- endfor %}
{%- endmacro %}

{# The value of a column: a field of the struct, or what the bag has at the path if that has none. #}
{% macro typed_value(value, column) -%}
    {%- set path = dbt.string_literal(dbt.escape_single_quotes(column.path)) -%}
    {%- set text = value or "(" ~ column.bag ~ " ->> " ~ path ~ ")" -%}
    {%- if column.column_type == "TIMESTAMP" -%} {{ utc_timestamp(text) }}
    {%- elif value -%} {{ value }}
    {%- elif column.column_type == "JSON" -%} json_extract({{ column.bag }}, {{ path }})
    {%- else -%} try_cast({{ text }} as {{ column.column_type }})
    {%- endif -%}
{%- endmacro %}

{# The rows of int_property_paths that have a column, each as a dictionary. #}
{% macro wanted_columns() -%}
    {%- if not execute -%} {%- do return([]) -%} {%- endif -%}
    {%- set query -%}
        select bag, path, column_name, column_type
        from {{ ref("int_property_paths") }}
        where column_name is not null
        order by column_name
    {%- endset -%}
    {%- set columns = [] -%}
    {%- for row in run_query(query).rows -%} {%- do columns.append(row.dict()) -%} {%- endfor -%}
    {%- do return(columns) -%}
{%- endmacro %}

{#
    What from_json is to make of a bag: `{"amount": "DOUBLE", "address": {"city": "VARCHAR"}}`. DuckDB
    takes keys that differ only in case for one field, so the second of them is left out.
#}
{% macro property_spec(bag, columns) -%}
    {%- set spec = {} -%}
    {%- for column in columns if column.bag == bag -%}
        {%- set place = namespace(object=spec) -%}
        {%- set tokens = path_tokens(column.path) -%}
        {%- for token in tokens -%}
            {%- set rivals = place.object.keys() | map("lower") | list -%}
            {%- if token not in place.object and token.lower() in rivals -%}
                {%- set place.object = {} -%}
            {%- elif not loop.last -%}
                {%- do place.object.setdefault(token, {}) -%}
                {%- set place.object = place.object[token] -%}
            {%- else -%}
                {%- set type = (
                    "VARCHAR"
                    if column.column_type == "TIMESTAMP"
                    else column.column_type
                ) -%}
                {%- do place.object.update({token: type}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- do return(spec) -%}
{%- endmacro %}

{# A field of the struct that property_spec describes, by its position; none if it is left out. #}
{% macro struct_field(struct, spec, tokens) -%}
    {%- set field = namespace(sql=struct, spec=spec) -%}
    {%- for token in tokens -%}
        {%- if field.sql and token in field.spec -%}
            {%- set position = (field.spec.keys() | list).index(token) + 1 -%}
            {%- set field.sql = "struct_extract_at(" ~ field.sql ~ ", " ~ position ~ ")" -%}
            {%- set field.spec = field.spec[token] -%}
        {%- else -%} {%- set field.sql = none -%}
        {%- endif -%}
    {%- endfor -%}
    {%- do return(field.sql) -%}
{%- endmacro %}

{# The keys that a JSON pointer names. #}
{% macro path_tokens(path) -%}
    {%- set tokens = [] -%}
    {%- for token in path[1:].split("/") -%}
        {%- do tokens.append(token | replace("~1", "/") | replace("~0", "~")) -%}
    {%- endfor -%}
    {%- do return(tokens) -%}
{%- endmacro %}
