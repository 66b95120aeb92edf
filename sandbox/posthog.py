"""A local PostHog: takes events as PostHog does and keeps them as PostHog ends up keeping them.

They come over Capture V1, which answers for each event, or over the classic `/batch/`.

What arrived is in `received`, one row per accepted event and arrival. `events` is what PostHog's
ClickHouse shows in the end: one row per uuid, event, distinct_id and UTC day, the last to arrive.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

import duckdb

from sandbox import capture, classic
from sandbox.batch import Batch, Event, RefusedError, instant
from sandbox.http import Request, Response

MAX_BODY_BYTES = 20 * 1024 * 1024

_TABLES = """
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
);

create or replace view events as
from received
qualify row_number() over (
    partition by uuid, event, distinct_id, "timestamp"::date order by seq desc
) = 1;
"""

# One text with all rows: DuckDB binds a list of parameters a hundred times more slowly.
_STORE = """
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


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class PostHog:
    """One PostHog project behind its ingestion host; `respond` may be called from many threads.

    What it accepted is in the DuckDB file `database`: ask `query` while it runs, open the file
    after `close`.
    """

    def __init__(
        self,
        database: Path,
        token: str,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        database.parent.mkdir(parents=True, exist_ok=True)
        self._token = token
        self._now = now
        self._max_body_bytes = max_body_bytes
        self._lock = Lock()
        self._connection = duckdb.connect(database, config={"threads": 2, "memory_limit": "2GB"})
        self._connection.execute(_TABLES)
        self._arrivals = int(self.query("select coalesce(max(seq), 0) from received")[0][0])
        self._routes: Mapping[tuple[str, str], Callable[[Request], Response]] = {
            ("POST", capture.PATH): self._capture,
            ("POST", classic.PATH): self._classic,
        }

    def respond(self, request: Request) -> Response:
        """Answer one request as PostHog would."""
        route = self._routes.get((request.method, request.path))
        if route is None:
            return _error(404, "not_found", f"there is nothing at {request.path}")
        try:
            return route(request)
        except RefusedError as refusal:
            return _error(refusal.status, refusal.code, refusal.description)

    def query(self, sql: str, parameters: Mapping[str, object] | None = None) -> list[Any]:
        """Ask the store; tables `received` and `events`."""
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Release the database file."""
        with self._lock:
            self._connection.close()

    def _capture(self, request: Request) -> Response:
        batch = capture.read(request, self._token, self._max_body_bytes)
        results = {event["uuid"]: capture.judge(event) for event in batch.events}
        stored = [event for event in batch.events if results[event["uuid"]]["result"] != "drop"]
        self._store(batch, stored)
        return _json(200, {"results": results})

    def _classic(self, request: Request) -> Response:
        batch = classic.read(request, self._token, self._max_body_bytes, self._now())
        stored = classic.fitting(batch.events)
        self._store(batch, stored)
        if len(stored) < len(batch.events):
            return _error(413, "event_too_big", "an event is too big; those before it are stored")
        return _json(200, {"status": "Ok"})

    def _store(self, batch: Batch, events: list[Event]) -> None:
        if not events:
            return
        with self._lock:
            rows = list(_rows(events, self._arrivals + 1))
            self._connection.execute(
                _STORE,
                {
                    "rows": json.dumps(rows, ensure_ascii=False),
                    "historical_migration": batch.historical_migration,
                    "created_at": batch.created_at,
                    "request_id": batch.request_id,
                    "attempt": batch.attempt,
                },
            )
            self._arrivals += len(rows)


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


def _error(status: int, code: str, description: str) -> Response:
    return _json(status, {"error": code, "error_description": description})


def _json(status: int, value: object) -> Response:
    return Response(status, json.dumps(value).encode(), {"Content-Type": "application/json"})
