"""Faults of PostHog's two capture endpoints, beside those that any server can have.

    faults.once(capture.PATH, refusal(429, retry_after="2"), stored(torn))
    faults.once(capture.PATH, judging(lambda event: RETRY if event["event"] == "paid" else None))
    faults.always(classic.PATH, holding(is_poisoned, refusal(400)))

Both endpoints take these; only V1 answers with what `judging` says.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from sandbox.batch import Event
from sandbox.faults import Fault, answer, honest
from sandbox.http import Request, Respond, Response

Chosen = Callable[[Event], bool]


@dataclass(frozen=True)
class Verdict:
    """What becomes of one event: the result in the answer, if any, and whether it is kept."""

    result: str | None
    is_stored: bool
    details: str = ""


RETRY = Verdict("retry", is_stored=False)
WARNING = Verdict("warning", is_stored=True, details="person_processing_disabled")
FORGOTTEN = Verdict(None, is_stored=True)
"""Kept, but absent from the answer."""
LOST = Verdict(None, is_stored=False)
"""Neither kept nor in the answer."""


def drop(reason: str) -> Verdict:
    """PostHog will never take the event."""
    return Verdict("drop", is_stored=False, details=reason)


def refusal(
    status: int, code: str = "", words: str = "", *, retry_after: str | None = None
) -> Fault:
    """Refuse the whole request, in the words of PostHog's error bodies."""
    error = {"error": code or HTTPStatus(status).name.lower(), "error_description": words}
    headers = {"Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return answer(status, json.dumps(error).encode(), headers)


NO_V1 = refusal(404, "not_found")
"""A self-hosted server from before V1."""
NO_V1_SINK = refusal(503, "service_unavailable", "v1 sink router not configured")
"""A self-hosted server that has V1, but was not set up for it."""
OVER_BILLING_LIMIT = refusal(402, "billing_limit_exceeded", "the project is over its limit")
SWALLOWED = answer(200, b'{"status": "Ok"}', {"Content-Type": "application/json"})
"""The classic endpoint over the billing quota: nothing is kept, and nothing is said."""


def judging(choose: Callable[[Event], Verdict | None], retry_after: str | None = None) -> Fault:
    """Judge events by `choose`, and those for which it has no verdict as the server does."""

    def judge(request: Request, respond: Respond) -> Response:
        events = events_of(request)
        verdicts = {event["uuid"]: choose(event) for event in events}
        kept = [event for event in events if _is_kept(verdicts[event["uuid"]])]
        given = respond(with_events(request, kept)) if kept else _json({"results": {}})
        if given.status != HTTPStatus.OK:
            return given
        results = _results(verdicts, json.loads(given.content)["results"])
        return _json({"results": dict(results)}, retry_after)

    return judge


def holding(chosen: Chosen, fault: Fault) -> Fault:
    """Let a fault happen to requests that hold a chosen event, and to no other."""

    def choose(request: Request, respond: Respond) -> Response:
        return (fault if any(map(chosen, events_of(request))) else honest)(request, respond)

    return choose


def over_events(count: int, fault: Fault) -> Fault:
    """Let a fault happen to requests of more than so many events."""

    def choose(request: Request, respond: Respond) -> Response:
        return (fault if len(events_of(request)) > count else honest)(request, respond)

    return choose


def keeping(count: int, fault: Fault) -> Fault:
    """Keep the first so many events of a request, and let a fault happen to the answer."""

    def keep(request: Request, respond: Respond) -> Response:
        respond(with_events(request, events_of(request)[:count]))
        return fault(request, respond)

    return keep


def events_of(request: Request) -> list[Event]:
    """Return the events of a request that is sound."""
    events: list[Event] = _body(request)["batch"]
    return events


def with_events(request: Request, events: list[Event]) -> Request:
    """Return the request with these events in place of its own."""
    headers = copy(request.headers)
    del headers["Content-Encoding"]
    body = json.dumps({**_body(request), "batch": events}).encode()
    return replace(request, headers=headers, body=body)


def _body(request: Request) -> dict[str, Any]:
    is_packed = request.headers.get("Content-Encoding") == "gzip"
    body: dict[str, Any] = json.loads(gzip.decompress(request.body) if is_packed else request.body)
    return body


def _is_kept(verdict: Verdict | None) -> bool:
    return verdict is None or verdict.is_stored


def _results(
    verdicts: Mapping[str, Verdict | None], given: Mapping[str, dict[str, str]]
) -> Iterator[tuple[str, dict[str, str]]]:
    for uuid, verdict in verdicts.items():
        if verdict is None:
            yield uuid, given[uuid]
        elif verdict.result:
            details = {"details": verdict.details} if verdict.details else {}
            yield uuid, {"result": verdict.result, **details}


def _json(value: object, retry_after: str | None = None) -> Response:
    headers = {"Content-Type": "application/json"}
    if retry_after is not None:
        headers["Retry-After"] = retry_after
    return Response(HTTPStatus.OK, json.dumps(value).encode(), headers)
