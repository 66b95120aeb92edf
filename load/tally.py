"""A run's count: its events by phase and by what became of them, and the day it has come to."""

from collections import Counter
from dataclasses import dataclass, field

from load.batches import Batch
from load.outcomes import Outcome


@dataclass
class Tally:
    """Kept up to date batch by batch; `resent` counts every further attempt."""

    accepted: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    unacknowledged: int = 0
    resent: int = 0
    phase: str = ""
    day: str = ""

    def add(self, batch: Batch, outcome: Outcome) -> None:
        """Count one batch."""
        self.accepted[batch.phase] += len(outcome.accepted)
        self.refused[batch.phase] += len(outcome.refused)
        self.unacknowledged += len(outcome.unknown)
        self.resent += outcome.resent
        self.phase = batch.phase
        if batch.phase == "events":
            self.day = max(self.day, batch.messages[-1].day)

    @property
    def done(self) -> int:
        """Events that are through, whatever became of them."""
        return self.accepted.total() + self.refused.total() + self.unacknowledged

    def totals(self) -> dict[str, int]:
        """Return the counts over all phases, as the ledger keeps them."""
        return {
            "accepted": self.accepted.total(),
            "refused": self.refused.total(),
            "unacknowledged": self.unacknowledged,
            "resent": self.resent,
        }
