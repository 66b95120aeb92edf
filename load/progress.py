"""How far a run is: a line for the terminal, and a small file for whoever looks while it runs."""

import json
import os
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from load.tally import Tally

INTERVAL_SECONDS = 1.0


class ProgressFile:
    """Stands beside the ledger and is replaced as a whole, so nobody reads half of it.

    `facts` are what stays the same during the run.
    """

    def __init__(
        self, ledger: Path, facts: Mapping[str, object], clock: Callable[[], float]
    ) -> None:
        self._path = ledger.with_suffix(".progress.json")
        self._facts = {**facts, "pid": os.getpid()}
        self._clock = clock
        self._started = self._due = clock()

    def update(self, counts: Mapping[str, object]) -> None:
        """Say how far the run is, at most about once a second."""
        if self._clock() >= self._due:
            self._due = self._clock() + INTERVAL_SECONDS
            self._replace({**counts, "running": True})

    def finish(self, counts: Mapping[str, object]) -> None:
        """Say that the run is over."""
        self._replace({**counts, "running": False})

    def _replace(self, counts: Mapping[str, object]) -> None:
        draft = self._path.with_suffix(".tmp")
        facts = {**self._facts, **counts, "seconds": self._clock() - self._started}
        draft.write_text(json.dumps(facts), encoding="utf-8")
        draft.replace(self._path)


def days_done(tally: Tally, days: Sequence[str]) -> int:
    """Count the days of events that are over; lanes may be on two of them at a time."""
    return len(days) if tally.phase == "persons" else bisect_left(days, tally.day)


def remark(tally: Tally, days: Sequence[str]) -> str:
    """Say what a count of events does not: the day, or the phase, and what was refused."""
    where = tally.phase
    if tally.phase == "events":
        where = f"{tally.day}, {days_done(tally, days):,} of {len(days):,} days done"
    refused = tally.refused.total()
    return f"{where}, {refused:,} refused" if refused else where
