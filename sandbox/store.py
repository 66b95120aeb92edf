"""What a PostHog project keeps, in a DuckDB file: arrivals, and what `ingestion` makes of them.

- `received`: one row per accepted event and arrival.
- `events`: what PostHog shows in the end: one row per uuid, event, distinct_id and UTC day, the
  last to arrive; `person_id` is whose it is by now, `person_properties` are those of its arrival.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from sandbox.batch import Batch, Event, instant
from sandbox.ingestion import Ingestion

_RECEIVED = """
create table if not exists received (
    seq bigint,
    uuid uuid,
    event varchar,
    distinct_id varchar,
    "timestamp" timestamp,
    session_id varchar,
    window_id varchar,
    options json,
    properties json,
    historical_migration boolean,
    created_at timestamp,
    request_id uuid,
    attempt integer
)
"""

_EVENTS = """
create or replace view events as
select
    received.*,
    coalesce(ids.person_id, ingested.person_id) as person_id,
    ingested.person_properties
from received
left join ingested on received.seq = ingested.seq
left join person_distinct_ids as ids on received.distinct_id = ids.distinct_id
where ingested.is_dropped is distinct from true
qualify row_number() over (
    partition by received.uuid, received.event, received.distinct_id, received."timestamp"::date
    order by received.seq desc
) = 1
"""

# One text with all rows: DuckDB binds a list of parameters a hundred times more slowly.
_RECEIVE = """
insert into received
select unnest(
    from_json(
        $rows,
        '[{"seq": "BIGINT", "uuid": "UUID", "event": "VARCHAR", "distinct_id": "VARCHAR",
           "timestamp": "TIMESTAMP", "session_id": "VARCHAR", "window_id": "VARCHAR",
           "options": "JSON", "properties": "JSON"}]'
    ),
    recursive := true
), $historical_migration, $created_at, $request_id, $attempt
"""


class Store:
    """The store of one project; several threads may use it at once.

    Persons are made when somebody asks, so that they cost those nothing who only send.
    """

    def __init__(self, database: Path, *, makes_persons: bool = True) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._connection = duckdb.connect(database, config={"threads": 2, "memory_limit": "2GB"})
        self._connection.execute(_RECEIVED)
        self._ingestion = Ingestion(self._connection)
        self._connection.execute(_EVENTS)
        self._makes_persons = makes_persons
        found = self._connection.execute("select coalesce(max(seq), 0) from received").fetchall()
        self._arrivals = int(found[0][0])

    def receive(self, batch: Batch, events: list[Event]) -> None:
        """Keep events of a batch, in their order."""
        if not events:
            return
        with self._lock:
            rows = list(_rows(events, self._arrivals + 1))
            self._connection.execute(
                _RECEIVE,
                {
                    "rows": json.dumps(rows, ensure_ascii=False),
                    "historical_migration": batch.historical_migration,
                    "created_at": batch.created_at,
                    "request_id": batch.request_id,
                    "attempt": batch.attempt,
                },
            )
            self._arrivals += len(rows)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        """Ask the tables."""
        with self._lock:
            self._catch_up()
            return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._catch_up()
            self._connection.close()

    def _catch_up(self) -> None:
        if self._makes_persons:
            self._ingestion.catch_up(self._arrivals)


def _rows(events: list[Event], first: int) -> Iterator[dict[str, Any]]:
    for seq, event in enumerate(events, first):
        yield {
            "seq": seq,
            "uuid": event["uuid"],
            "event": event["event"],
            "distinct_id": event["distinct_id"],
            "timestamp": str(instant(event["timestamp"])),
            "session_id": event.get("session_id"),
            "window_id": event.get("window_id"),
            "options": event.get("options", {}),
            "properties": event.get("properties", {}),
        }
