"""Messages become batches: in order within a lane, none above the limits, no uuid twice in one."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from load.record import read_record


class Message(NamedTuple):
    """One row of the outbox, ready to send; `record` is what the ledger keeps of it."""

    lane: int
    uuid: str
    standing: str
    record: str
    text: bytes

    @property
    def event(self) -> str:
        """The name."""
        return read_record(self.record).event

    @property
    def distinct_id(self) -> str:
        """Whose it is."""
        return read_record(self.record).distinct_id

    @property
    def day(self) -> str:
        """The UTC day."""
        return read_record(self.record).day


@dataclass(frozen=True)
class Batch:
    """What one lane sends at once: messages of one phase."""

    phase: str
    lane: int
    messages: list[Message]


@dataclass(frozen=True)
class Limits:
    """How much a batch may hold; a message above `max_bytes` travels alone."""

    max_events: int = 2_000
    max_bytes: int = 4_000_000
    one_day: bool = False


@dataclass
class _Filling:
    messages: list[Message] = field(default_factory=list)
    uuids: set[str] = field(default_factory=set)
    size: int = 0


def into_batches(messages: Iterable[Message], phase: str, limits: Limits) -> Iterator[Batch]:
    """Cut each lane's messages into batches, keeping their order."""
    lanes: defaultdict[int, _Filling] = defaultdict(_Filling)
    for message in messages:
        filling = lanes[message.lane]
        if filling.messages and not _has_room(filling, message, limits):
            yield Batch(phase, message.lane, filling.messages)
            filling = lanes[message.lane] = _Filling()
        filling.messages.append(message)
        filling.uuids.add(message.uuid)
        filling.size += len(message.text) + 1  # the comma between two messages
    for lane, filling in lanes.items():
        yield Batch(phase, lane, filling.messages)


def _has_room(filling: _Filling, message: Message, limits: Limits) -> bool:
    return (
        len(filling.messages) < limits.max_events
        and filling.size + len(message.text) < limits.max_bytes
        and message.uuid not in filling.uuids
        and not (limits.one_day and message.day != filling.messages[0].day)
    )
