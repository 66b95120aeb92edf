"""One run: every phase to its end, and the outcomes into the ledger as they come.

Everything that touches DuckDB happens on the thread that calls `deliver`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from load.batches import Limits, into_batches
from load.errors import LoadError
from load.lanes import Lanes
from load.ledger import Ledger
from load.marts import PHASES
from load.outbox import Outbox
from load.tally import Tally

Report = Callable[[], None]
"""Called after each entry in the ledger."""


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
        """Deliver all that is going.

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
        for done in self.lanes.deliver(into_batches(messages, phase, self.limits)):
            self.ledger.record(phase, done)
            for batch, outcome in done:
                self.tally.add(batch, outcome)
                if outcome.failure:
                    failure = failure or outcome.failure
                    self.stop.set()
            report()
        if failure:
            raise failure
