with
    events as (select * from {{ ref("int_events_identified") }}),

    identities as (
        select *
        from {{ ref("int_identity_persons") }}
        where amplitude_person_id is not null and person_id is not null
    ),

    overrides as (select * from {{ ref("identity_overrides") }}),

    pairs as (
        select
            amplitude_person_id,
            person_id,
            bool_or(known_user_id is not null) as is_known,
            bool_or(is_ambiguous) as is_ambiguous,
            sum(events) as events,
        from identities
        group by amplitude_person_id, person_id
    ),

    ranked as (
        select
            *,
            row_number() over (
                partition by amplitude_person_id
                order by amplitude_person_id = person_id desc, events desc, person_id
            ) as rank_of_person,
            row_number() over (
                partition by person_id
                order by amplitude_person_id = person_id desc, events desc, amplitude_person_id
            ) as rank_of_amplitude,
        from pairs
    ),

    -- Who remains is one person on both sides.
    differences as (select * from ranked where rank_of_person > 1 or rank_of_amplitude > 1),

    explained as (
        select
            events.event_uuid,
            events.amplitude_person_id,
            events.person_id,
            case
                when overrides.id is not null
                then 'identity_overrides says whose device it is'
                when events.is_ambiguous
                then 'its amplitude_id has several users, so the device decides'
                when differences.is_known
                then 'Amplitude knows nobody here, but only one person ever used the device'
                when differences.rank_of_amplitude > 1
                then 'several amplitude_ids on one device on which nobody logged in'
                else 'one amplitude_id on several devices on which nobody logged in'
            end as reason,
        from events
        inner join
            differences
            on events.amplitude_person_id = differences.amplitude_person_id
            and events.person_id = differences.person_id
        left join overrides on overrides.kind = 'device' and events.device_id = overrides.id
    )

select *
from explained
