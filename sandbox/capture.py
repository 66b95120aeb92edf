"""Capture V1 judged as PostHog judges it: the whole request first, then each event by itself.

Pure: a request in, a `Verdict` or a `RefusedError` out. The rules are those of PostHog's capture
service for `POST /i/v1/analytics/events`.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

from sandbox.http import Request

MAX_ID_BYTES = 200
MAX_EVENT_BYTES = 1_000_000  # after the event was written as a JSON string inside JSON

REQUIRED_HEADERS = (
    "Authorization",
    "Content-Type",
    "User-Agent",
    "PostHog-Sdk-Info",
    "PostHog-Attempt",
    "PostHog-Request-Id",
    "PostHog-Request-Timestamp",
)

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", flags=re.ASCII
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}
_OPTION_TYPES: Mapping[str, type] = {
    "cookieless_mode": bool,
    "disable_skew_correction": bool,
    "product_tour_id": str,
    "process_person_profile": bool,
}
_NEEDS_PERSON = frozenset({"$identify", "$create_alias", "$merge_dangerously", "$groupidentify"})


class RefusedError(Exception):
    """The whole request is refused, and nothing of it is stored."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description


@dataclass(frozen=True)
class Batch:
    """A request that passed; each event is judged by `judge`."""

    request_id: str
    attempt: int
    created_at: datetime
    historical_migration: bool
    events: list[dict[str, Any]]


def read(request: Request, token: str, max_bytes: int) -> Batch:
    """Check everything that concerns the request as a whole.

    Raises:
        RefusedError: one check failed.
    """
    attempt = _check_headers(request, token)
    body = _parse(_decode(request, max_bytes))
    events = body.get("batch")
    created_at = instant(body.get("created_at"))
    historical = body.get("historical_migration", False)
    if not isinstance(events, list) or created_at is None or not isinstance(historical, bool):
        _refuse(400, "invalid_batch", "created_at, historical_migration or batch is malformed")
    _check_uuids(events)
    return Batch(request.headers["PostHog-Request-Id"], attempt, created_at, historical, events)


def judge(event: dict[str, Any]) -> dict[str, str]:
    """Say what becomes of one event, in the words of the answer's `results`."""
    reason = next(_faults(event), None)
    if reason:
        return {"result": "drop", "details": reason}
    options = event.get("options") or {}
    if options.get("process_person_profile") is False and _wants_person(event):
        return {"result": "warning", "details": "person_processing_disabled"}
    return {"result": "ok"}


def instant(value: object) -> datetime | None:
    """Read a strict RFC 3339 time as naive UTC; `None` if it is anything else."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def _check_headers(request: Request, token: str) -> int:
    for name in REQUIRED_HEADERS:
        if not request.headers.get(name):
            _refuse(400, "missing_header", f"the header {name} is missing")
    if request.headers["Authorization"] != f"Bearer {token}":
        _refuse(401, "invalid_token", "the project token is not valid")
    if request.headers.get_content_type() != "application/json":
        _refuse(415, "unsupported_content_type", "Content-Type must be application/json")
    if not _is_uuid(request.headers["PostHog-Request-Id"]):
        _refuse(400, "invalid_header", "PostHog-Request-Id is not a uuid")
    if instant(request.headers["PostHog-Request-Timestamp"]) is None:
        _refuse(400, "invalid_header", "PostHog-Request-Timestamp is not RFC 3339")
    attempt = request.headers["PostHog-Attempt"]
    if not re.fullmatch(r"[1-9]\d{0,8}", attempt):
        _refuse(400, "invalid_header", "PostHog-Attempt is not a positive number")
    return int(attempt)


def _decode(request: Request, max_bytes: int) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity")
    decoder = _DECODERS.get(encoding)
    if decoder is None:
        _refuse(415, "unsupported_encoding", f"Content-Encoding {encoding} is not supported here")
    try:
        body = decoder(request.body)
    except (OSError, EOFError, zlib.error):
        _refuse(400, "invalid_batch", f"the body is not {encoding}")
    if max(len(request.body), len(body)) > max_bytes:
        _refuse(413, "payload_too_large", f"the body is larger than {max_bytes} bytes")
    return body


def _parse(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body, parse_constant=_no_constant)
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False).encode()  # fails on half a surrogate pair
    except (ValueError, RecursionError):
        _refuse(400, "invalid_batch", "the body is not JSON")
    if not isinstance(value, dict):
        _refuse(400, "invalid_batch", "the body is not a JSON object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and the infinities are Python's JSON, nobody else's


def _check_uuids(events: list[Any]) -> None:
    if not events:
        _refuse(400, "empty_batch", "the batch has no events")
    seen: set[str] = set()
    for position, event in enumerate(events):
        if not isinstance(event, dict):
            _refuse(400, "invalid_batch", f"event {position} is not an object")
        uuid = event.get("uuid")
        if not uuid:
            _refuse(400, "missing_event_uuid", f"event {position} has no uuid")
        if not _is_uuid(uuid):
            _refuse(400, "invalid_event_uuid", f"the uuid of event {position} is not a uuid")
        if uuid.lower() in seen:
            _refuse(400, "duplicate_event_uuid", f"event {position} repeats the uuid {uuid}")
        seen.add(uuid.lower())


def _faults(event: dict[str, Any]) -> Iterator[str]:
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
    if _encoded_bytes(event) > MAX_EVENT_BYTES:
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


def _encoded_bytes(event: dict[str, Any]) -> int:
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    # Escaping at most doubles a text, so most events need no second pass.
    if 2 * len(text.encode()) <= MAX_EVENT_BYTES:
        return 0
    return len(json.dumps(text, ensure_ascii=False).encode())


def _wants_person(event: dict[str, Any]) -> bool:
    properties = event.get("properties", {})
    return event["event"] in _NEEDS_PERSON or "$set" in properties or "$set_once" in properties


def _is_uuid(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def _refuse(status: int, code: str, description: str) -> NoReturn:
    raise RefusedError(status, code, description)
