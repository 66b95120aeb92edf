with
    identities as (select * from {{ ref("int_identities") }}),

    amplitude_users as (select * from {{ ref("int_amplitude_users") }}),

    resolved as (
        select
            identities.* replace (hash(identities.version, amplitude_users.version) as version),
            coalesce(identities.own_user_id, amplitude_users.user_id) as person_user_id,
            coalesce(
                identities.own_user_id,
                amplitude_users.user_id,
                'amplitude:' || coalesce(amplitude_users.survivor_id, identities.amplitude_id)
            ) as amplitude_person_id,
            identities.own_user_id is null
            and coalesce(amplitude_users.is_ambiguous, false) as is_ambiguous,
        from identities
        left join amplitude_users on identities.amplitude_id = amplitude_users.amplitude_id
    )

select *
from resolved
