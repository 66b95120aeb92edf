with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    times as (
        select
            event_uuid,
            'event_at' as column_name,
            raw_event_time as exported_value,
            event_at::varchar as used_value,
            'unreadable or after the upload: ' || event_at_source || ' instead' as rule,
        from events
        where event_at_source <> 'event_time'
    ),

    numbers as (
        select
            event_uuid,
            unnest(
                [
                    ['amplitude_id', raw_amplitude_id, amplitude_id::varchar],
                    ['session_id', nullif(raw_session_id, '-1'), session_id::varchar],
                    ['location_lat', raw_location_lat, location_lat::varchar],
                    ['location_lng', raw_location_lng, location_lng::varchar]
                ]
            ) as cell,
        from events
    ),

    unreadable_numbers as (
        select
            event_uuid,
            cell[1] as column_name,
            cell[2] as exported_value,
            cell[3] as used_value,
            'not a number: null instead' as rule,
        from numbers
        where cell[2] is not null and cell[3] is null
    ),

    bags as (
        select
            event_uuid,
            unnest(
                [
                    ['event_properties', raw_event_properties, event_properties],
                    ['user_properties', raw_user_properties, user_properties]
                ]
            ) as cell,
        from events
    ),

    unreadable_bags as (
        select
            event_uuid,
            cell[1] as column_name,
            cell[2] as exported_value,
            cell[3] as used_value,
            'not a JSON object: null instead' as rule,
        from bags
        where cell[2] is not null and cell[3] is null
    )

select *
from times
union all by name
select *
from unreadable_numbers
union all by name
select *
from unreadable_bags
