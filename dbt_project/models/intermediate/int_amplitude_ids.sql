with
    -- Read twice, it would be copied first.
    identities as not materialized(
        select * from {{ ref("int_identities") }} where amplitude_id is not null
    ),

    versions as (
        select amplitude_id, bit_xor(hash(identity_id)) as version,
        from identities
        group by amplitude_id
    ),

    changed as (
        select versions.*
        from versions {{ without_built("versions", ["version"], key=["amplitude_id"]) }}
    ),

    amplitude_ids as (
        select
            changed.amplitude_id,
            changed.version,
            count(distinct identities.own_user_id) as users,
            case
                when count(distinct identities.own_user_id) = 1 then min(identities.own_user_id)
            end as user_id,
        from identities
        inner join changed on identities.amplitude_id = changed.amplitude_id
        group by changed.amplitude_id, changed.version
    )

select *
from amplitude_ids
