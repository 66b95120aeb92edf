"""What goes in this run, message by message, in the order in which it must arrive.

Phases in order: aliases (so that events find their person), groups, events from the oldest day to
the newest, persons.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from math import ceil

import duckdb

from load import record, wire
from load.ahead import drawn_ahead
from load.batches import Message

SLICE_ROWS = 12_000  # with their texts: what a run holds in memory depends on it
PORTION_ROWS = 100_000  # DuckDB's memory holds as many; the rest of a larger one spills to disk
MOST_PORTIONS = 25  # each costs a look through all of a mart that is not stored by time

_TIMES = """
select min("timestamp"), max("timestamp")
from standings
where rowid between $first and $last
"""

_PORTION = """
create temp table portion as
with going as (select uuid, standing from standings where rowid between $first and $last)

select mart.*, going.standing
from warehouse.marts.posthog_{phase} as mart
inner join going on mart.uuid = going.uuid
-- Where a mart is stored by time, they tell DuckDB which part of it to read at all.
where mart."timestamp" between $earliest and $latest
order by mart."timestamp", mart.uuid
"""

# In the order of the portion, since `judge` lets DuckDB keep the order of what it reads.
_MESSAGES = """
with
    going_rows as (
        select * replace (
            case
                when standing = 'changed' then without_person_changes(properties)
                else properties
            end as properties
        )
        from portion
        where rowid between $first and $last
    ),

    in_sessions as (select *, session_at_top(properties) as session from going_rows),

    parted as (select *, around_session(properties, session) as around from in_sessions)

select
    (hash(distinct_id) % $lanes)::integer,
    uuid::varchar,
    standing::varchar,
    record_line(uuid, event, distinct_id, "timestamp", key_hash, payload_hash),
    {message}(uuid, event, distinct_id, "timestamp", properties, session, around)
from parted
"""


@dataclass(frozen=True)
class Outbox:
    """The rows of the temp table `standings` that are going; `message` is a macro of `wire`."""

    cursor: duckdb.DuckDBPyConnection
    message: str

    def messages(self, phase: str, lanes: int) -> Iterator[Message]:
        """Yield a phase's messages, oldest first, each with the lane of its distinct_id.

        While they are sent, DuckDB builds the next slice on a thread of its own: until the last
        one came, nobody else may use `cursor`.
        """
        yield from chain.from_iterable(drawn_ahead(self._slices(phase, lanes)))

    def _slices(self, phase: str, lanes: int) -> Iterator[list[Message]]:
        self.cursor.execute(record.MACROS)
        self.cursor.execute(wire.MACROS)
        self.cursor.execute("set threads = 1")  # a slice is no work for two, and they would spin
        sql = _MESSAGES.format(message=self.message)
        for rows in self._portions(phase):
            for part in into_parts(0, rows, SLICE_ROWS):
                self.cursor.execute(sql, {**part, "lanes": lanes})
                yield list(map(Message._make, self.cursor.fetchall()))

    def _portions(self, phase: str) -> Iterator[int]:
        """Write portion after portion of the going rows to the temp table `portion`, by time.

        A slice could be looked up in the mart itself; but a mart is in no order, so that each
        lookup reads all of it, and a load would take the square of its events. Yields their rows.
        """
        first, end = self._bounds(phase)
        for part in into_parts(first, end, portion_rows(end - first)):
            earliest, latest = self.cursor.execute(_TIMES, part).fetchall()[0]
            times = {"earliest": earliest, "latest": latest}
            self.cursor.execute("drop table if exists portion")  # two at once need twice the memory
            self.cursor.execute(_PORTION.format(phase=phase), {**part, **times})
            yield int(self.cursor.fetchall()[0][0])

    def days(self) -> list[str]:
        """Return the days of the events that go, oldest first."""
        rows = self.cursor.execute(
            'select distinct "timestamp"::date::varchar from standings'
            " where is_going and phase = 'events' order by all"
        ).fetchall()
        return [day for (day,) in rows]

    def _bounds(self, phase: str) -> tuple[int, int]:
        """Return the first of a phase's rows in `standings` and the one after its last."""
        rows = self.cursor.execute(
            "select coalesce(min(rowid), 0), coalesce(max(rowid) + 1, 0)"
            " from standings where is_going and phase = $phase",
            {"phase": phase},
        ).fetchall()
        first, end = rows[0]
        return first, end


def portion_rows(going: int) -> int:
    """Say how many of the going rows are laid out by time at once."""
    return max(PORTION_ROWS, ceil(going / MOST_PORTIONS))


def into_parts(first: int, end: int, most: int) -> Iterator[dict[str, int]]:
    """Cut row ids into the first and the last one of parts of at most so many rows."""
    for start in range(first, end, most):
        yield {"first": start, "last": min(start + most, end) - 1}
