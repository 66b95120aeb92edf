with
    judged as (select * from {{ ref("int_events_judged") }}),

    properties as (select * from {{ ref("int_posthog_properties") }}),

    dressed as (
        select
            judged.*,
            properties.properties,
            -- PostHog stores a message as a JSON string inside JSON: quotes and backslashes double.
            {{ byte_length("to_json(properties.properties)") }} as encoded_bytes,
        from judged
        left join properties on judged.event_uuid = properties.event_uuid
    ),

    weighed as (
        select
            * replace (
                case when encoded_bytes > 900000 then 'too large' else rejection end as rejection,
                case
                    when encoded_bytes > 900000
                    then encoded_bytes || ' bytes once encoded, at most 900000'
                    else rejection_detail
                end as rejection_detail
            ),
        from dressed
    )

select *
from weighed
