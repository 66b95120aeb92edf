"""One run: every phase to its end, and each outcome into the ledger as it comes.

Everything that touches DuckDB happens on the thread that calls `deliver`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from load.batches import Limits, into_batches
from load.errors import LoadError
from load.lanes import Lanes
from load.ledger import Ledger
from load.outbox import PHASES, Outbox
from load.outcomes import Outcome


@dataclass
class Tally:
    """This run's events by what became of them; `resent` counts every further attempt."""

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    unacknowledged: int = 0
    resent: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count one batch."""
        self.accepted += len(outcome.accepted)
        self.refused += len(outcome.refused)
        self.unacknowledged += len(outcome.unknown)
        self.resent += outcome.resent
        self.sent = self.accepted + self.refused + self.unacknowledged


Report = Callable[[str], None]
"""Called with the phase after each batch."""


@dataclass(frozen=True)
class Delivery:
    """What a run needs; `tally` is kept up to date, and stays right when the run breaks off."""

    outbox: Outbox
    ledger: Ledger
    lanes: Lanes
    limits: Limits
    stop: Event
    tally: Tally

    def deliver(self, report: Report) -> None:
        """Deliver all that is pending.

        Raises:
            LoadError: the run cannot go on; what was acknowledged is in the ledger.
            KeyboardInterrupt: `stop` was set; the same holds.
        """
        for phase in PHASES:
            self._deliver_phase(phase, report)
            if self.stop.is_set():
                raise KeyboardInterrupt

    def _deliver_phase(self, phase: str, report: Report) -> None:
        failure: LoadError | None = None
        messages = self.outbox.messages(phase, len(self.lanes))
        for outcome in self.lanes.deliver(into_batches(messages, self.limits)):
            self.ledger.record(phase, outcome)
            self.tally.add(outcome)
            report(phase)
            if outcome.failure:
                failure = failure or outcome.failure
                self.stop.set()
        if failure:
            raise failure
