"""A rehearsal's sample: so many whole persons, with their aliases, events, groups and last state.

Persons are taken in the order of a hash, so a larger sample holds every smaller one.
"""

import duckdb

_PERSONS = """
create or replace temp table sampled_events as
with
    sendable as (
        select people.person_id, messages.uuid, messages.distinct_id
        from warehouse.marts.posthog_events as messages
        inner join warehouse.marts.events as people on messages.uuid = people.event_uuid
        where people.person_id is not null
    ),

    persons as (
        select person_id
        from sendable
        group by person_id
        order by md5(person_id), person_id
        limit $persons
    )

select uuid, person_id, distinct_id
from sendable
where person_id in (select person_id from persons)
"""

_GROUPS = """
create or replace temp table sampled_groups as
with
    entries as (
        select
            unnest(
                map_entries(from_json(properties -> '$."$groups"', '"MAP(VARCHAR, JSON)"'))
            ) as entry
        from warehouse.marts.posthog_events
        where uuid in (select uuid from sampled_events) and contains(properties, '"$groups"')
    )

select distinct entry.key as group_type, entry.value ->> '$' as group_key
from entries
"""

_SAMPLE = """
create or replace temp table sample as
with
    people as (
        select person_id as distinct_id
        from sampled_events
        union
        select distinct_id
        from sampled_events
    )

select uuid
from sampled_events
union all
select uuid
from warehouse.marts.posthog_aliases
where distinct_id in (select distinct_id from people)
union all
select uuid
from warehouse.marts.posthog_persons
where distinct_id in (select distinct_id from people)
union all
select uuid
from warehouse.marts.posthog_groups as groups
inner join sampled_groups
    on (groups.properties ->> '$."$group_type"') = sampled_groups.group_type
    and (groups.properties ->> '$."$group_key"') = sampled_groups.group_key
"""


def draw(cursor: duckdb.DuckDBPyConnection, persons: int) -> None:
    """Write the uuids of the sample to the temp table `sample`."""
    cursor.execute(_PERSONS, {"persons": persons})
    cursor.execute(_GROUPS)
    cursor.execute(_SAMPLE)
