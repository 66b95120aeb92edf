"""A local PostHog: takes events as PostHog does and keeps them as PostHog ends up keeping them.

They come over Capture V1, which answers for each event, or over the classic `/batch/`; `store` says
what becomes of them.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox import capture, classic
from sandbox.batch import RefusedError
from sandbox.http import Request, Response
from sandbox.store import Store

MAX_BODY_BYTES = 20 * 1024 * 1024


def _utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


class PostHog:
    """One PostHog project behind its ingestion host; `respond` may be called from many threads.

    What it accepted is in the DuckDB file `database`: ask `query` while it runs, open the file
    after `close`. A bench that counts events alone has no use for persons: `makes_persons=False`.
    """

    def __init__(
        self,
        database: Path,
        token: str,
        *,
        max_body_bytes: int = MAX_BODY_BYTES,
        makes_persons: bool = True,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._token = token
        self._now = now
        self._max_body_bytes = max_body_bytes
        self._store = Store(database, makes_persons=makes_persons)
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
        """Ask the store; `store` and `ingestion` say which tables it has."""
        return self._store.query(sql, parameters)

    def close(self) -> None:
        """Release the database file."""
        self._store.close()

    def _capture(self, request: Request) -> Response:
        batch = capture.read(request, self._token, self._max_body_bytes)
        results = {event["uuid"]: capture.judge(event) for event in batch.events}
        stored = [event for event in batch.events if results[event["uuid"]]["result"] != "drop"]
        self._store.receive(batch, stored)
        return _json(200, {"results": results})

    def _classic(self, request: Request) -> Response:
        batch = classic.read(request, self._token, self._max_body_bytes, self._now())
        stored = classic.fitting(batch.events)
        self._store.receive(batch, stored)
        if len(stored) < len(batch.events):
            return _error(413, "event_too_big", "an event is too big; those before it are stored")
        return _json(200, {"status": "Ok"})


def _error(status: int, code: str, description: str) -> Response:
    return _json(status, {"error": code, "error_description": description})


def _json(status: int, value: object) -> Response:
    return Response(status, json.dumps(value).encode(), {"Content-Type": "application/json"})
