"""What is still to be sent: the marts minus the ledger, in the order in which it must arrive.

Phases in order: aliases (so that events find their person), groups, events day by day, persons.
Young rows wait, because PostHog may bill them. A person's final state waits as long as an event
of the same distinct_id is held back: PostHog applies `$set` in order of arrival.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from load.batches import Message
from load.errors import OutboxError
from load.wire import MACROS
from pipeline.errors import StoreError
from pipeline.warehouse import explain

PHASES = ("aliases", "groups", "events", "persons")
CHUNK_ROWS = 2_000
SLICE_ROWS = 100_000

_COLUMNS = 'uuid, distinct_id, "timestamp", key_hash, payload_hash'

_MARTS = "create or replace temp view mart_rows as " + " union all ".join(
    f"select '{phase}' as phase, {_COLUMNS} from warehouse.marts.posthog_{phase}"
    for phase in PHASES
)

_HELD_IDS = """
create or replace temp table held_ids as
select distinct distinct_id
from warehouse.marts.posthog_events
where
    ("timestamp" > $youngest or "timestamp"::date not between $first_day and $last_day)
    and uuid not in (select uuid from delivered)
    and uuid not in (select uuid from refused)
"""

# Rows that are delivered and unchanged are left out: in the end that is nearly all of them.
_STANDING = """
create or replace temp table standing as
with
    judged as (
        select
            mart_rows.phase,
            mart_rows.uuid,
            mart_rows."timestamp"::date as day,
            case
                when delivered.key_hash <> mart_rows.key_hash then 'rekeyed'
                when delivered.payload_hash <> mart_rows.payload_hash then 'changed'
                when delivered.uuid is not null then 'delivered'
                when mart_rows.uuid in (select uuid from refused) then 'refused'
                when mart_rows."timestamp" > $youngest then 'waiting'
                when
                    mart_rows.phase = 'events'
                    and mart_rows."timestamp"::date not between $first_day and $last_day
                then 'outside'
                when
                    mart_rows.phase = 'persons'
                    and mart_rows.distinct_id in (select distinct_id from held_ids)
                then 'waiting'
                else 'pending'
            end as state
        from mart_rows
        left join delivered on mart_rows.uuid = delivered.uuid
    )

select phase, uuid, day, state from judged where state <> 'delivered'
"""

_COUNTS = """
select state, count(*) from standing group by all
union all
select 'delivered', (select count(*) from mart_rows) - (select count(*) from standing)
"""

_MESSAGES = """
with
    rows_of_phase as (
        select *
        from warehouse.marts.posthog_{phase}
        where "timestamp" >= $first_day and "timestamp" < $last_day + interval 1 day
    ),
    messages as (
        select
            rows_of_phase.*,
            wire_message(uuid, event, distinct_id, "timestamp", properties) as message
        from rows_of_phase
        where
            uuid in (
                select uuid
                from standing
                where state = 'pending' and phase = $phase and day between $first_day and $last_day
            )
    )

select
    (hash(distinct_id) % $lanes)::integer,
    uuid::varchar,
    key_hash::varchar,
    payload_hash::varchar,
    strlen(message),
    message
from messages
order by "timestamp", uuid
"""


@dataclass(frozen=True)
class Window:
    """What may go now: nothing younger than `youngest`, and events only of these days."""

    youngest: datetime
    first_day: date = date.min
    last_day: date = date.max


class Outbox:
    """The outbox on a connection of its own to the ledger's file, with the warehouse beside it.

    Raises:
        StoreError: the warehouse is missing or held by another process.
        OutboxError: it has no marts yet.
    """

    def __init__(self, cursor: duckdb.DuckDBPyConnection, warehouse: Path, window: Window) -> None:
        self._cursor = cursor
        _attach(cursor, warehouse)
        _require_marts(cursor, warehouse)
        cursor.execute(MACROS)
        cursor.execute(_MARTS)
        for statement in (_HELD_IDS, _STANDING):
            cursor.execute(
                statement,
                {
                    "youngest": window.youngest.astimezone(UTC).replace(tzinfo=None),
                    "first_day": window.first_day,
                    "last_day": window.last_day,
                },
            )

    def counts(self) -> Counter[str]:
        """Count the marts' rows by how they stand.

        One of pending, waiting, outside (of the days), refused, delivered, changed and rekeyed
        (delivered, but today's payload or key is another).
        """
        return Counter(dict(self._cursor.execute(_COUNTS).fetchall()))

    def messages(self, phase: str, lanes: int) -> Iterator[Message]:
        """Yield a phase's pending messages, oldest first, each with the lane of its distinct_id."""
        for first_day, last_day in into_slices(self._days(phase)):
            self._cursor.execute(
                _MESSAGES.format(phase=phase),
                {"phase": phase, "lanes": lanes, "first_day": first_day, "last_day": last_day},
            )
            while rows := self._cursor.fetchmany(CHUNK_ROWS):
                yield from map(Message._make, rows)

    def _days(self, phase: str) -> list[tuple[date, int]]:
        return self._cursor.execute(
            "select day, count(*) from standing where state = 'pending' and phase = $phase"
            " group by all order by day",
            {"phase": phase},
        ).fetchall()


def into_slices(days: Iterable[tuple[date, int]]) -> Iterator[tuple[date, date]]:
    """Group days (with their rows) into first and last days, so that none is a query by itself.

    A slice is sorted as a whole, so it holds more than `SLICE_ROWS` rows only if one day does.
    """
    first = last = None
    total = 0
    for day, rows in days:
        if first and last and total + rows > SLICE_ROWS:
            yield first, last
            first, total = None, 0
        first, last, total = first or day, day, total + rows
    if first and last:
        yield first, last


def _attach(cursor: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    if not warehouse.exists():
        raise StoreError(f"{warehouse} does not exist: run `just extract transform` first.")
    quoted = str(warehouse).replace("'", "''")
    try:
        cursor.execute(f"attach '{quoted}' as warehouse (read_only)")
    except duckdb.Error as error:
        raise StoreError(explain(warehouse, error)) from None


def _require_marts(cursor: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    rows = cursor.execute(
        "select table_name from information_schema.tables"
        " where table_catalog = 'warehouse' and table_schema = 'marts'"
    ).fetchall()
    needed = [*(f"posthog_{phase}" for phase in PHASES), "last_build"]
    missing = [f"marts.{table}" for table in needed if (table,) not in rows]
    if missing:
        raise OutboxError(f"{warehouse} has no {', '.join(missing)}: run `just transform` first.")
    if not cursor.execute("select succeeded from warehouse.marts.last_build").fetchall()[0][0]:
        raise OutboxError(
            f"The last build of {warehouse} failed or was stopped, so its tables must not be sent: "
            "run `just transform` until it succeeds."
        )
