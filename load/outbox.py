"""What goes in this run, message by message, in the order in which it must arrive.

Phases in order: aliases (so that events find their person), groups, events from the oldest day to
the newest, persons.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import duckdb

from load import record, wire
from load.ahead import drawn_ahead
from load.batches import Message

SLICE_ROWS = 12_000  # with their texts: what a run holds in memory depends on it

_SLICE = """
select min("timestamp"), max("timestamp")
from standings
where rowid between $first and $last
"""

_MESSAGES = """
with
    going as (select uuid, standing from standings where rowid between $first and $last),

    -- The times tell DuckDB which part of the mart to read at all.
    going_rows as (
        select mart.* replace (
            case
                when going.standing = 'changed' then without_person_changes(mart.properties)
                else mart.properties
            end as properties
        ), going.standing
        from warehouse.marts.posthog_{phase} as mart
        inner join going on mart.uuid = going.uuid
        where mart."timestamp" between $earliest and $latest
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
order by "timestamp", uuid
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
        sql = _MESSAGES.format(phase=phase, message=self.message)
        for rows in into_slices(*self._bounds(phase)):
            earliest, latest = self.cursor.execute(_SLICE, rows).fetchall()[0]
            times = {"earliest": earliest, "latest": latest}
            self.cursor.execute(sql, {**rows, **times, "lanes": lanes})
            yield list(map(Message._make, self.cursor.fetchall()))

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


def into_slices(first: int, end: int) -> Iterator[dict[str, int]]:
    """Cut row ids into the first and the last one of slices of at most `SLICE_ROWS` rows."""
    for start in range(first, end, SLICE_ROWS):
        yield {"first": start, "last": min(start + SLICE_ROWS, end) - 1}
