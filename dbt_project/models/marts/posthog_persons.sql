with
    states as (
        select *
        from {{ ref("int_person_states") }}
        where since is not null and coalesce(set_members, set_once_members) is not null
    ),

    written as (
        select
            person_id as distinct_id,
            since as "timestamp",
            '{'
            || {{ person_changes("set_members", "set_once_members") }}
            || ',"$geoip_disable":true}' as properties,
        from states
    ),

    messages as (
        select
            {{
                uuid_v5(
                    "to_json(['person', distinct_id, \"timestamp\"::varchar, properties])::varchar"
                )
            }} as uuid, '$set' as event, distinct_id, "timestamp", properties,
        from written
    )

    {{ posthog_message("messages") }}
