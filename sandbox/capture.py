"""Capture V1 judged as PostHog judges it: the whole request first, then each event by itself.

Pure: a request in, a `Batch` or a `RefusedError` out, and a verdict on each of its events. The
rules are those of PostHog's capture service for `POST /i/v1/analytics/events`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.batch import (
    MAX_ID_BYTES,
    NEEDS_PERSON,
    Batch,
    Event,
    instant,
    is_too_big,
    is_uuid,
    read_body,
    refuse,
)
from sandbox.http import Request

PATH = "/i/v1/analytics/events"
REQUIRED_HEADERS = (
    "Authorization",
    "Content-Type",
    "User-Agent",
    "PostHog-Sdk-Info",
    "PostHog-Attempt",
    "PostHog-Request-Id",
    "PostHog-Request-Timestamp",
)

_OPTION_TYPES: Mapping[str, type] = {
    "cookieless_mode": bool,
    "disable_skew_correction": bool,
    "product_tour_id": str,
    "process_person_profile": bool,
}


def read(request: Request, token: str, max_bytes: int) -> Batch:
    """Check everything that concerns the request as a whole.

    Raises:
        RefusedError: one check failed.
    """
    attempt = _check_headers(request, token)
    body = read_body(request, max_bytes)
    events = body.get("batch")
    created_at = instant(body.get("created_at"))
    historical = body.get("historical_migration", False)
    if not isinstance(events, list) or created_at is None or not isinstance(historical, bool):
        refuse(400, "invalid_batch", "created_at, historical_migration or batch is malformed")
    _check_uuids(events)
    request_id = request.headers["PostHog-Request-Id"]
    return Batch(events, historical, request_id, attempt, created_at)


def judge(event: Event) -> dict[str, str]:
    """Say what becomes of one event, in the words of the answer's `results`."""
    reason = next(_faults(event), None)
    if reason:
        return {"result": "drop", "details": reason}
    options = event.get("options") or {}
    if options.get("process_person_profile") is False and _wants_person(event):
        return {"result": "warning", "details": "person_processing_disabled"}
    return {"result": "ok"}


def _check_headers(request: Request, token: str) -> int:
    for name in REQUIRED_HEADERS:
        if not request.headers.get(name):
            refuse(400, "missing_header", f"the header {name} is missing")
    if request.headers["Authorization"] != f"Bearer {token}":
        refuse(401, "invalid_token", "the project token is not valid")
    if request.headers.get_content_type() != "application/json":
        refuse(415, "unsupported_content_type", "Content-Type must be application/json")
    if not is_uuid(request.headers["PostHog-Request-Id"]):
        refuse(400, "invalid_header", "PostHog-Request-Id is not a uuid")
    if instant(request.headers["PostHog-Request-Timestamp"]) is None:
        refuse(400, "invalid_header", "PostHog-Request-Timestamp is not RFC 3339")
    attempt = request.headers["PostHog-Attempt"]
    if not re.fullmatch(r"[1-9]\d{0,8}", attempt):
        refuse(400, "invalid_header", "PostHog-Attempt is not a positive number")
    return int(attempt)


def _check_uuids(events: list[Any]) -> None:
    if not events:
        refuse(400, "empty_batch", "the batch has no events")
    seen: set[str] = set()
    for position, event in enumerate(events):
        if not isinstance(event, dict):
            refuse(400, "invalid_batch", f"event {position} is not an object")
        uuid = event.get("uuid")
        if not uuid:
            refuse(400, "missing_event_uuid", f"event {position} has no uuid")
        if not is_uuid(uuid):
            refuse(400, "invalid_event_uuid", f"the uuid of event {position} is not a uuid")
        if uuid.lower() in seen:
            refuse(400, "duplicate_event_uuid", f"event {position} repeats the uuid {uuid}")
        seen.add(uuid.lower())


def _faults(event: Event) -> Iterator[str]:
    yield from _text_faults(
        event.get("distinct_id"), "missing_distinct_id", "distinct_id_too_large"
    )
    yield from _text_faults(event.get("event"), "missing_event_name", "event_name_too_long")
    if instant(event.get("timestamp")) is None:
        yield "invalid_event_timestamp"
    if not isinstance(event.get("properties", {}), dict):
        yield "malformed_event_properties"
    if not _valid_options(event.get("options", {})):
        yield "invalid_options"
    if is_too_big(event):
        yield "event_too_big"


def _text_faults(value: object, missing: str, too_long: str) -> Iterator[str]:
    if not isinstance(value, str) or not value:
        yield missing
    elif len(value.encode()) > MAX_ID_BYTES:
        yield too_long


def _valid_options(options: object) -> bool:
    return isinstance(options, dict) and all(
        isinstance(options.get(name), kind | None) for name, kind in _OPTION_TYPES.items()
    )


def _wants_person(event: Event) -> bool:
    properties = event.get("properties", {})
    return event["event"] in NEEDS_PERSON or "$set" in properties or "$set_once" in properties
