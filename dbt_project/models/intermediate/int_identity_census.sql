with
    new_lines as (
        select *
        from {{ ref("stg_amplitude__lines") }}
        where {{ is_new_load(ref("stg_amplitude__lines"), "load_id") }}
    ),

    census as (
        select
            load_id,
            identity_id,
            any_value(user_id) as user_id,
            any_value(device_id) as device_id,
            any_value(amplitude_id) as amplitude_id,
            count(*) as lines,
            min(server_upload_at) as first_seen_at,
            max(server_upload_at) as last_seen_at,
            {{ version_of_arrivals() }} as version,
        from new_lines
        group by load_id, identity_id
    )

select *
from census
