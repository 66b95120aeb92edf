"""What the lanes expect of a destination, and the two ways in which it may not take a batch."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from load.batches import Message
from load.outcomes import Answer


class BusyError(Exception):
    """Not now: nothing is known to be stored, the same messages may be sent again."""

    def __init__(self, reason: str, wait_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.wait_seconds = wait_seconds


class BatchRefusedError(Exception):
    """Never as it stands: one of the messages, or their number, is the fault."""

    def __init__(self, reason: str, details: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.details = details


class Sink(Protocol):
    """One lane's way to the destination."""

    def send(self, messages: Sequence[Message], request_id: UUID, attempt: int) -> Answer:
        """Send once; `request_id` stays the same while `attempt` counts from 1.

        Raises:
            BusyError: try again later.
            BatchRefusedError: cut the batch, or set its only message aside.
            DestinationError: no message will be taken.
        """
        ...
