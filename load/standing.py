"""How each row of the marts stands towards the destination, and which rows go in this run.

Young rows wait, because PostHog may bill them. A person's final state waits as long as an event of
the same distinct_id is held back: PostHog applies `$set` in order of arrival.

    pending     not sent yet
    delivered   acknowledged, and the same today
    changed     acknowledged, but the payload is another today: a second delivery would replace it
    rekeyed     acknowledged, but event, distinct_id or day are others today: a second delivery
                would be a second event, so there is none
    refused     PostHog did not take it
    waiting     too young, or held back by a young event
    outside     of the days of this run
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import duckdb

from load.marts import PHASES


@dataclass(frozen=True)
class Window:
    """What may go now: nothing younger than `youngest`, and events only of these days."""

    youngest: datetime
    first_day: date = date.min
    last_day: date = date.max


@dataclass(frozen=True)
class Counts:
    """Rows of the marts by phase and standing, and how many of them go in this run."""

    rows: Counter[tuple[str, str]]
    going: int

    def of(self, *standings: str, phases: Sequence[str] = PHASES) -> int:
        """Count the rows with one of these standings."""
        return sum(self.rows[phase, standing] for phase in phases for standing in standings)


_HELD_IDS = """
create or replace temp table held_ids as
select distinct distinct_id
from mart_rows
where
    phase = 'events'
    and ("timestamp" > $youngest or "timestamp"::date not between $first_day and $last_day)
    and uuid not in (select uuid from delivered)
    and uuid not in (select uuid from refused)
"""

# Rows that are delivered and unchanged are left out: in the end that is nearly all of them.
_STANDING = """
create or replace temp table standings as
with
    judged as (
        select
            mart_rows.phase,
            mart_rows.uuid,
            mart_rows."timestamp",
            mart_rows.phase <> 'events'
            or mart_rows."timestamp"::date between $first_day and $last_day as is_inside,
            case
                when delivered.key_hash <> mart_rows.key_hash then 'rekeyed'
                when delivered.payload_hash <> mart_rows.payload_hash then 'changed'
                when delivered.uuid is not null then 'delivered'
                when mart_rows.uuid in (select uuid from refused) then 'refused'
                when mart_rows."timestamp" > $youngest then 'waiting'
                when not is_inside then 'outside'
                when
                    mart_rows.phase = 'persons'
                    and mart_rows.distinct_id in (select distinct_id from held_ids)
                then 'waiting'
                else 'pending'
            end as standing
        from mart_rows
        left join delivered on mart_rows.uuid = delivered.uuid
    )

select
    phase::enum('aliases', 'groups', 'events', 'persons') as phase,
    uuid,
    "timestamp",
    standing::enum('pending', 'changed', 'rekeyed', 'refused', 'waiting', 'outside') as standing,
    -- What aliases, groups and persons do cannot be done again in its place in time.
    list_contains($going, standing)
    and is_inside
    and (phase = 'events' or standing <> 'changed') as is_going
from judged
where standing <> 'delivered'
order by is_going desc, 1, "timestamp", uuid
"""

_COUNTS = """
with
    counted as (
        select phase, standing, count(*) as number_of_rows
        from standings
        group by phase, standing
    ),

    marts as (select phase, count(*) as number_of_rows from mart_rows group by phase)

select phase::varchar, standing::varchar, number_of_rows
from counted
union all
select marts.phase, 'delivered', marts.number_of_rows - coalesce(sum(counted.number_of_rows), 0)
from marts
left join counted on marts.phase = counted.phase
group by marts.phase, marts.number_of_rows
"""


def judge(cursor: duckdb.DuckDBPyConnection, window: Window, going: Sequence[str]) -> Counts:
    """Write the temp table `standings`; rows with a standing among `going` go in this run.

    They stand first, phase by phase, in the order in which they must arrive.
    """
    times = {
        "youngest": window.youngest.astimezone(UTC).replace(tzinfo=None),
        "first_day": window.first_day,
        "last_day": window.last_day,
    }
    cursor.execute(_HELD_IDS, times)
    cursor.execute("set preserve_insertion_order = true")  # else the table is in no order
    cursor.execute(_STANDING, {**times, "going": list(going)})
    rows = Counter(
        {
            (phase, standing): int(number)
            for phase, standing, number in cursor.execute(_COUNTS).fetchall()
        }
    )
    going_rows = cursor.execute("select count(*) from standings where is_going").fetchall()
    return Counts(rows, int(going_rows[0][0]))
