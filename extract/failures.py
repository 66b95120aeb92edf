"""Failures: windows that could not be downloaded, listed in `raw.exports` beside those that were.

A failed window never counts as archived, so the next run asks for it again. Its row stays as the
history of that attempt; the hours are whole once a later row covers them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extract.errors import WindowFailed
from extract.raw import RawTables
from extract.tables import EXPORTS
from extract.windows import Window


@dataclass(frozen=True)
class Failure:
    """A window that was asked for, for the `revision`-th time, and why it did not come."""

    window: Window
    revision: int
    error: WindowFailed


def record_failures(raw: RawTables, failures: Sequence[Failure], now: datetime) -> None:
    """Append a row per failure; its `file`, which is none, tells the attempts apart."""
    raw.insert_rows(EXPORTS, [_row(failure, now) for failure in failures])


def _row(failure: Failure, now: datetime) -> dict[str, object]:
    return {
        "window_start": failure.window.first,
        "window_end": failure.window.last,
        "revision": failure.revision,
        "status": "failed",
        "file": f"{failure.window.name}.{now:%Y%m%dT%H%M%S}.failed",
        "bytes": 0,
        "members": 0,
        "lines": 0,
        "bad_lines": 0,
        "fetched_at": now,
        "attempts": failure.error.attempts,
    }
