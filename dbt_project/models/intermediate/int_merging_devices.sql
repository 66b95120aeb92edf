with
    identities as (select * from {{ ref("int_identities") }}),

    amplitude_ids as (select * from {{ ref("int_amplitude_ids") }}),

    devices as (
        select
            identities.device_id,
            bit_xor(
                hash(identities.identity_id, identities.version, amplitude_ids.users > 0)
            ) as version,
        from identities
        inner join amplitude_ids on identities.amplitude_id = amplitude_ids.amplitude_id
        where identities.device_id is not null and not {{ is_nobodys_id("identities.device_id") }}
        group by identities.device_id
        having count(distinct amplitude_ids.users > 0) = 2
    )

select *
from devices
