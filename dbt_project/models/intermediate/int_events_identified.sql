with
    events as (select * from {{ ref("stg_amplitude__events") }}),

    identities as (select * from {{ ref("int_identity_persons") }}),

    identified as (
        select
            events.event_uuid,
            identities.own_user_id,
            events.device_id,
            identities.amplitude_person_id,
            identities.is_ambiguous,
            identities.distinct_id,
            identities.person_id,
        from events
        inner join identities on events.identity_id = identities.identity_id
    )

select *
from identified
