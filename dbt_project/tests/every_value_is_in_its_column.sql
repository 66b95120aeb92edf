-- A value that its column's type cannot hold would be null there: the bag still has it, and PostHog
-- gets it, but who reads marts.events would miss it.
-- It looks at every column of every row, and only warns, so sessions and users do not wait for it:
-- depends_on: {{ ref("sessions") }}, {{ ref("users") }}
{{ config(severity="warn") }}
with
    found as (
        unpivot (
            select count(columns('^(event_uuid$|event_properties_|user_properties_)'))
            from {{ ref("events") }}
        )
        on columns(*)
        into name column_name value found_values
    ),

    catalogued as (
        select column_name, column_type, sum(events) as catalogued_values,
        from {{ ref("property_catalog") }}
        where column_name is not null
        group by column_name, column_type
    )

select catalogued.*, found.found_values,
from catalogued
left join found on catalogued.column_name = found.column_name
where found.found_values is distinct from catalogued.catalogued_values
