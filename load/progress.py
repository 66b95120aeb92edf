"""A small file that says how far the run is, for whoever looks while the ledger is locked."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

INTERVAL_SECONDS = 1.0


class ProgressFile:
    """Stands beside the ledger and is replaced as a whole, so nobody reads half of it.

    `facts` are what stays the same during the run.
    """

    def __init__(
        self, ledger: Path, facts: Mapping[str, object], clock: Callable[[], float]
    ) -> None:
        self._path = ledger.with_suffix(".progress.json")
        self._facts = facts
        self._clock = clock
        self._due = clock()

    def update(self, counts: Mapping[str, object]) -> None:
        """Say how far the run is, at most about once a second."""
        if self._clock() >= self._due:
            self._due = self._clock() + INTERVAL_SECONDS
            self._replace({**self._facts, **counts, "running": True})

    def finish(self, counts: Mapping[str, object]) -> None:
        """Say that the run is over."""
        self._replace({**self._facts, **counts, "running": False})

    def _replace(self, facts: Mapping[str, object]) -> None:
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps(facts), encoding="utf-8")
        draft.replace(self._path)
