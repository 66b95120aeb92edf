"""One run: look at everything first, then send, and leave the books closed however it ends."""

import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Event
from types import FrameType

import duckdb

from load.delivery import Delivery
from load.flight import FlightLog
from load.jsonl import Folder
from load.lanes import Lanes
from load.ledger import Ledger
from load.outbox import Outbox
from load.preflight import Facts, require_clear
from load.progress import ProgressFile, days_done, remark
from load.road import Road, file_road, server_road
from load.settings import LoadSettings
from load.survey import Survey, survey
from load.tally import Tally
from pipeline.pace import StoppedError
from pipeline.terminal import note, progress

_INTERRUPTED = 130


class Run:
    """A run of one kind: load, replay or rehearse; `tally` says what has come of it so far."""

    def __init__(
        self, settings: LoadSettings, kind: str, ledger: Ledger, now: Callable[[], datetime]
    ) -> None:
        self.tally = Tally()
        self._settings = settings
        self._kind = kind
        self._ledger = ledger
        self._now = now
        self._stop = Event()
        self._flight = FlightLog(settings.ledger)

    def look(self, cursor: duckdb.DuckDBPyConnection) -> Survey:
        """See what there is to do, and whether it may be done.

        Raises:
            LoadError: it may not.
        """
        self._ledger.claim(self._settings.destination_id)
        found = survey(cursor, self._settings, self._kind, self._flight.read(), self._now())
        facts = Facts(
            self._kind, self._ledger.kinds(), found.counts, found.delivered, found.changes.moved
        )
        for blocker in require_clear(facts, force=self._settings.load_force):
            note(f"LOAD_FORCE waves this through: {blocker}")
        return found

    def send(self, cursor: duckdb.DuckDBPyConnection, found: Survey) -> None:
        """Send all that is going.

        Raises:
            LoadError: the run cannot go on; what was acknowledged is in the ledger.
            KeyboardInterrupt: somebody asked it to stop; the same holds.
        """
        with _signals_set(self._stop):
            if self._settings.load_sink == "jsonl":
                folder = Folder(self._settings.load_target, self._ledger.files())
                folder.list(self._ledger.files())  # a target that takes nothing says so here
                try:
                    self._send_on(file_road(folder), cursor, found)
                finally:
                    folder.list(self._ledger.files())
            else:
                self._send_on(self._server_road(), cursor, found)

    def _server_road(self) -> Road:
        try:
            return server_road(self._settings, self._stop, self._flight, self._now)
        except StoppedError:
            raise KeyboardInterrupt from None

    def _send_on(self, road: Road, cursor: duckdb.DuckDBPyConnection, found: Survey) -> None:
        outbox = Outbox(cursor, road.message)
        days = outbox.days()
        self._ledger.begin(self._kind)
        self._flight.open(found.again)
        with self._reported(found, road, days) as report, Lanes(road.delivers, self._stop) as lanes:
            delivery = Delivery(outbox, self._ledger, lanes, road.limits, self._stop, self.tally)
            delivery.deliver(report)
        self._flight.close()

    @contextmanager
    def _reported(self, found: Survey, road: Road, days: list[str]) -> Iterator[Callable[[], None]]:
        """Keep terminal, progress file and ledger up to date, the last two to the very end."""
        going, shown = found.counts.going, 0
        facts = {
            "kind": self._kind,
            "destination": self._settings.destination,
            "sink": road.name,
            "started_at": self._now().isoformat(),
            "going": going,
            "days": len(days),
            "again": len(found.again),
            "standing": _by_phase(found),
        }
        status = ProgressFile(self._settings.ledger, facts, time.monotonic)
        status.update(_counts(self.tally, days))
        try:
            with progress(
                self._kind.capitalize(), going, "events", remark=lambda: remark(self.tally, days)
            ) as advance:

                def report() -> None:
                    nonlocal shown
                    advance(self.tally.done - shown)
                    shown = self.tally.done
                    status.update(_counts(self.tally, days))

                yield report
        finally:
            self._ledger.finish(self.tally.totals())
            status.finish(_counts(self.tally, days))


def _counts(tally: Tally, days: list[str]) -> dict[str, object]:
    return {
        **tally.totals(),
        "accepted_by_phase": tally.accepted,
        "refused_by_phase": tally.refused,
        "phase": tally.phase,
        "day": tally.day,
        "days_done": days_done(tally, days),
    }


def _by_phase(found: Survey) -> dict[str, dict[str, int]]:
    standing: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for (phase, name), rows in found.counts.rows.items():
        standing[phase][name] = rows
    return standing


@contextmanager
def _signals_set(stop: Event) -> Iterator[None]:
    """Let the first Ctrl-C or SIGTERM wait for the batches in flight, and the second one not."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            # An exception would still wait for the requests; a kill loses nothing either.
            os._exit(_INTERRUPTED)
        stop.set()
        note("Stopping after the batches in flight; once more stops at once.")

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, interrupt) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
