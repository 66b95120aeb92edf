-- PostHog takes five group types: what belongs to another one is sent as a property alone.
{{ config(severity="warn") }} select * from {{ ref("int_group_types") }} where position > 5
