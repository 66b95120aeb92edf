"""What was delivered and is another in the marts today, or is no longer there.

Written to the ledger's table `changed` at the start of each run, row by row, with what it was
called then and what it is called now.
"""

from dataclasses import dataclass

import duckdb

from load.standing import Counts

_CHANGED = """
create or replace table changed as
with
    people as (
        select id, min(distinct_id) as person
        from warehouse.marts.distinct_ids
        group by id
        having count(distinct distinct_id) = 1
    )

select
    mart_rows.phase,
    mart_rows.uuid,
    case
        when standings.standing = 'changed' then 'payload'
        when
            delivered.event = mart_rows.event
            and delivered.day = mart_rows."timestamp"::date
            and coalesce(people_then.person, delivered.distinct_id)
            = coalesce(people_now.person, mart_rows.distinct_id)
        then 'key, same person'
        else 'key'
    end as change,
    delivered.event as event_then,
    mart_rows.event as event_now,
    delivered.distinct_id as distinct_id_then,
    mart_rows.distinct_id as distinct_id_now,
    delivered.day as day_then,
    mart_rows."timestamp"::date as day_now
from standings
inner join mart_rows on standings.uuid = mart_rows.uuid
inner join delivered on standings.uuid = delivered.uuid
left join people as people_then on delivered.distinct_id = people_then.id
left join people as people_now on mart_rows.distinct_id = people_now.id
where standings.standing in ('changed', 'rekeyed')
union all by name
select phase, uuid, 'gone' as change, event_then, distinct_id_then, day_then
from gone
"""

_NONE_GONE = """
create or replace temp table gone (
    phase varchar, uuid uuid, event_then varchar, distinct_id_then varchar, day_then date
)
"""

# Groups and final states are superseded by newer ones as a matter of course.
_LASTING = ("aliases", "events")
_GONE = f"""
insert into gone
select phase, uuid, event, distinct_id, day
from delivered
where
    phase in {_LASTING}
    and uuid not in (select uuid from warehouse.marts.posthog_aliases)
    and uuid not in (select uuid from warehouse.marts.posthog_events)
"""


@dataclass(frozen=True)
class Changes:
    """How much of what was delivered is another today: events that moved, rows that are gone."""

    moved: int
    gone: int


def list_changed(cursor: duckdb.DuckDBPyConnection, counts: Counts) -> Changes:
    """Write the ledger's table `changed`.

    `change` is `payload`; `key`, a row that moved to another name, day or person; `key, same
    person` where the new distinct_id belongs to the person of the old one: then PostHog shows the
    event where it should; or `gone`, an event or an alias that today's rules would not send.
    """
    cursor.execute(_NONE_GONE)
    present = counts.of("delivered", "changed", "rekeyed", phases=_LASTING)
    if _number(cursor, f"delivered where phase in {_LASTING}") > present:
        cursor.execute(_GONE)
    cursor.execute(_CHANGED)
    return Changes(
        moved=_number(cursor, "changed where change = 'key'"), gone=_number(cursor, "gone")
    )


def _number(cursor: duckdb.DuckDBPyConnection, rows: str) -> int:
    return int(cursor.execute(f"select count(*) from {rows}").fetchall()[0][0])
