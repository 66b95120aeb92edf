-- One person in Amplitude is one person in PostHog, and the other way round; every event for which
-- that is not so is listed in identity_differences with the reason.
with
    same as (
        select events.event_uuid, events.amplitude_person_id, events.person_id
        from {{ ref("int_events_identified") }} as events
        anti join
            {{ ref("identity_differences") }} as differences
            on events.event_uuid = differences.event_uuid
        where events.amplitude_person_id is not null and events.person_id is not null
    )

select 'amplitude' as side, amplitude_person_id as id
from same
group by amplitude_person_id
having count(distinct person_id) > 1
union all
select 'posthog' as side, person_id as id
from same
group by person_id
having count(distinct amplitude_person_id) > 1
