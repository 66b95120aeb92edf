"""What became of each event: accepted, refused or unknown, read from PostHog's own words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from load.batches import Message
from load.errors import LoadError

_OK = {"result": "ok"}  # what nearly every result is


@dataclass(frozen=True)
class Refusal:
    """An event that PostHog will not take; `details` are the server's words."""

    message: Message
    reason: str
    details: str


@dataclass(frozen=True)
class File:
    """A file that now holds the accepted messages of a batch."""

    name: str
    events: int
    bytes: int
    sha256: str


@dataclass
class Outcome:
    """What one batch came to; `failure` ends the run, after this outcome is in the ledger.

    Unknown is what was sent and not acknowledged; what was not sent at all is nowhere.
    """

    accepted: list[Message] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    unknown: list[Message] = field(default_factory=list)
    resent: int = 0
    failure: LoadError | None = None
    file: File | None = None


@dataclass
class Answer:
    """One response: what is settled, what PostHog wants again, what it said nothing about."""

    accepted: list[Message] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    again: list[Message] = field(default_factory=list)
    silent: list[Message] = field(default_factory=list)
    wait_seconds: float | None = None
    is_over_billing_limit: bool = False


def read_answer(
    body: bytes, messages: Sequence[Message], wait_seconds: float | None = None
) -> Answer:
    """Sort `messages` by the results in the body of a 200.

    A body that cannot be read says nothing about any event.
    """
    answer = Answer(wait_seconds=wait_seconds)
    results = _results(body)
    for message in messages:
        result = results.get(message.uuid)
        if result == _OK:
            answer.accepted.append(message)
        else:
            _sort(answer, message, result)
    return answer


def error_code(body: bytes) -> str:
    """Return the code of an error body, or nothing."""
    code = read_object(body).get("error")
    return code if isinstance(code, str) else ""


def read_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; anything else is an empty one."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _results(body: bytes) -> dict[str, Any]:
    results = read_object(body).get("results")
    return results if isinstance(results, dict) else {}


def _sort(answer: Answer, message: Message, result: object) -> None:
    match result:
        case {"result": "ok" | "warning"}:
            answer.accepted.append(message)
        case {"result": "drop", "details": "billing_limit_exceeded"}:
            # No fault of the event's: it can go once the limit is raised.
            answer.is_over_billing_limit = True
        case {"result": "drop", **rest}:
            reason = str(rest.get("details") or "drop")
            answer.refused.append(Refusal(message, reason, json.dumps(result)))
        case {"result": "retry"}:
            answer.again.append(message)
        case _:
            answer.silent.append(message)
