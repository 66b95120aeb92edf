"""What both ways into PostHog share: a request of events, read or refused as a whole.

Pure: bytes in, a `Batch` or a `RefusedError` out. Events have the shape of Capture V1, whichever
way they came.
"""

import gzip
import json
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

from sandbox.http import Request

MAX_ID_BYTES = 200
MAX_EVENT_BYTES = 1_000_000  # after the event was written as a JSON string inside JSON

NEEDS_PERSON = frozenset({"$identify", "$create_alias", "$merge_dangerously", "$groupidentify"})
"""Without a person profile, PostHog accepts these events and then drops them."""

Event = dict[str, Any]

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", flags=re.ASCII
)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "identity": bytes,
    "gzip": gzip.decompress,
    "deflate": zlib.decompress,
}


class RefusedError(Exception):
    """The whole request is refused, and nothing of it is stored unless said otherwise."""

    def __init__(self, status: int, code: str, description: str) -> None:
        super().__init__(description)
        self.status = status
        self.code = code
        self.description = description


@dataclass(frozen=True)
class Batch:
    """A request that passed; the classic endpoint asks for no id, attempt or time of its own."""

    events: list[Event]
    historical_migration: bool
    request_id: str | None = None
    attempt: int | None = None
    created_at: datetime | None = None


def read_body(request: Request, max_bytes: int) -> dict[str, Any]:
    """Unpack the body, and read it as a JSON object.

    Raises:
        RefusedError: it is none, or too large.
    """
    body = _unpack(request, max_bytes)
    try:
        value = json.loads(body, parse_constant=_no_constant)
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False).encode()  # fails on half a surrogate pair
    except (ValueError, RecursionError):
        refuse(400, "invalid_batch", "the body is not JSON")
    if not isinstance(value, dict):
        refuse(400, "invalid_batch", "the body is not a JSON object")
    return value


def instant(value: object) -> datetime | None:
    """Read a strict RFC 3339 time as naive UTC; `None` if it is anything else."""
    if not isinstance(value, str) or not _RFC_3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        return None


def is_too_big(event: Event) -> bool:
    """Whether PostHog's queue takes no such event."""
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    # Escaping at most doubles a text, so most events need no second pass.
    if 2 * len(text.encode()) <= MAX_EVENT_BYTES:
        return False
    return len(json.dumps(text, ensure_ascii=False).encode()) > MAX_EVENT_BYTES


def is_uuid(value: object) -> bool:
    """Whether this is the text of a uuid."""
    try:
        return isinstance(value, str) and bool(UUID(value))
    except ValueError:
        return False


def refuse(status: int, code: str, description: str) -> NoReturn:
    """Refuse the request."""
    raise RefusedError(status, code, description)


def _unpack(request: Request, max_bytes: int) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity")
    decoder = _DECODERS.get(encoding)
    if decoder is None:
        refuse(415, "unsupported_encoding", f"Content-Encoding {encoding} is not supported here")
    try:
        body = decoder(request.body)
    except (OSError, EOFError, zlib.error):
        refuse(400, "invalid_batch", f"the body is not {encoding}")
    if max(len(request.body), len(body)) > max_bytes:
        refuse(413, "payload_too_large", f"the body is larger than {max_bytes} bytes")
    return body


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and the infinities are Python's JSON, nobody else's
