"""What the lanes expect of a server, and the two ways in which it may not take a batch."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from load.batches import Message
from load.errors import DestinationError
from load.outcomes import Answer, error_code

MAX_WORDS = 500  # of an error body

_WHY_NEVER = {
    401: "the project token is not valid there: check POSTHOG_PROJECT_TOKEN and POSTHOG_HOST",
    402: "the project is over its billing limit: raise it in PostHog, then run `just load` again",
    403: "it forbids sending: check POSTHOG_PROJECT_TOKEN and what stands between it and here",
    404: "it takes no events at this address: check POSTHOG_HOST",
}


class BusyError(Exception):
    """Not now: nothing is known to be stored, the same messages may be sent again."""

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        wait = f", to be asked again in {wait_seconds:,.0f} s" if wait_seconds else ""
        super().__init__(f"{reason}{wait}")
        self.wait_seconds = wait_seconds


class BatchRefusedError(Exception):
    """Never as it stands: one of the messages, or their number, is the fault."""

    def __init__(self, reason: str, details: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


class Sink(Protocol):
    """One lane's way to the destination."""

    def is_there(self) -> bool:
        """Ask, without sending an event, whether the server knows this way.

        Raises:
            BusyError: ask again later.
            DestinationError: no message will be taken.
        """
        ...

    def send(self, messages: Sequence[Message], request_id: UUID, attempt: int) -> Answer:
        """Send once; `request_id` stays the same while `attempt` counts from 1.

        Raises:
            BusyError: try again later.
            BatchRefusedError: cut the batch, or set its only message aside.
            DestinationError: no message will be taken.
        """
        ...


def why_not(
    host: str, status: int, body: bytes, wait_seconds: float | None
) -> BusyError | BatchRefusedError | DestinationError:
    """Read an answer that is no 2xx, of either endpoint.

    408, 429, 5xx: again, not before Retry-After. 400 and 413: this batch never as it stands. Any
    other status: nothing will ever be taken.
    """
    words = " ".join(body.decode(errors="replace").split())[:MAX_WORDS]
    if status in {408, 429} or status >= 500:  # noqa: PLR2004 - server errors
        return BusyError(f"status {status}", wait_seconds)
    if status in {400, 413}:
        return BatchRefusedError(f"{status} {error_code(body)}".strip(), words)
    why = _WHY_NEVER.get(status, f"{words or 'no reason given'}; check POSTHOG_HOST")
    return DestinationError(f"{host} answered {status}: {why}.")
