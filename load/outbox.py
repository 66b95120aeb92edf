"""What goes in this run, message by message, in the order in which it must arrive.

Phases in order: aliases (so that events find their person), groups, events from the oldest day to
the newest, persons.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from load.batches import Message
from load.wire import MACROS

CHUNK_ROWS = 2_000
SLICE_ROWS = 20_000  # sorted with their texts at once: what a run holds in memory depends on it

_HOUR = timedelta(hours=1)

_MESSAGES = """
with
    going as (
        select uuid, standing
        from standings
        where is_going and phase = $phase and "timestamp" >= $since and "timestamp" < $until
    ),

    going_rows as (
        select mart.* replace (
            case
                when going.standing = 'changed' then without_person_changes(mart.properties)
                else mart.properties
            end as properties
        ), going.standing
        from warehouse.marts.posthog_{phase} as mart
        inner join going on mart.uuid = going.uuid
        where mart."timestamp" >= $since and mart."timestamp" < $until
    )

select
    (hash(distinct_id) % $lanes)::integer,
    uuid::varchar,
    event,
    distinct_id,
    "timestamp"::date::varchar,
    key_hash,
    payload_hash,
    standing::varchar,
    {message}(uuid, event, distinct_id, "timestamp", properties)
from going_rows
order by "timestamp", uuid
"""


@dataclass(frozen=True)
class Outbox:
    """The rows of the temp table `standings` that are going; `message` is a macro of `wire`."""

    cursor: duckdb.DuckDBPyConnection
    message: str

    def messages(self, phase: str, lanes: int) -> Iterator[Message]:
        """Yield a phase's messages, oldest first, each with the lane of its distinct_id."""
        self.cursor.execute(MACROS)
        sql = _MESSAGES.format(phase=phase, message=self.message)
        for since, until in into_slices(self._hours(phase)):
            times = {"since": since, "until": until}
            self.cursor.execute(sql, {"phase": phase, "lanes": lanes, **times})
            while rows := self.cursor.fetchmany(CHUNK_ROWS):
                yield from map(Message._make, rows)

    def days(self) -> list[str]:
        """Return the days of the events that go, oldest first."""
        rows = self.cursor.execute(
            'select distinct "timestamp"::date::varchar from standings'
            " where is_going and phase = 'events' order by all"
        ).fetchall()
        return [day for (day,) in rows]

    def _hours(self, phase: str) -> list[tuple[datetime, int]]:
        return self.cursor.execute(
            "select date_trunc('hour', \"timestamp\"), count(*) from standings"
            " where is_going and phase = $phase group by all order by all",
            {"phase": phase},
        ).fetchall()


def into_slices(hours: Iterable[tuple[datetime, int]]) -> Iterator[tuple[datetime, datetime]]:
    """Group hours (with their rows) into times from and until, so that none is a query by itself.

    A slice is sorted as a whole, so it holds more than `SLICE_ROWS` rows only if one hour does.
    """
    first = last = None
    total = 0
    for hour, rows in hours:
        if first and last and total + rows > SLICE_ROWS:
            yield first, last + _HOUR
            first, total = None, 0
        first, last, total = first or hour, hour, total + rows
    if first and last:
        yield first, last + _HOUR
