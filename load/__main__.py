"""`python -m load [replay | rehearse]`: send what is not acknowledged yet, and say what came of it.

replay    sends what PostHog refused once more, and nothing else
rehearse  sends a sample of whole persons
"""

import gc
import signal
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from types import FrameType

from load.errors import UnacknowledgedError
from load.ledger import Ledger
from load.run import Run
from load.settings import LoadSettings
from load.summary import summarize
from pipeline.terminal import note, run

KINDS = ("load", "replay", "rehearse")

_OBJECTS_PER_COLLECTION = 100_000  # a slice makes thousands, all of them free of cycles


def main() -> None:
    """Run the stage."""
    kind = _kind(sys.argv[1:])
    gc.set_threshold(_OBJECTS_PER_COLLECTION)
    settings = LoadSettings.read()
    signal.signal(signal.SIGTERM, _interrupt)
    started = time.monotonic()
    _say_if_new(settings)
    with closing(Ledger(settings.ledger, settings, _now)) as ledger:
        load = Run(settings, kind, ledger, _now)
        with closing(ledger.cursor()) as cursor:
            found = load.look(cursor)
            try:
                load.send(cursor, found)
            finally:  # whoever stops a run, or is stopped, wants to know what came of it
                summarize(settings, kind, found, load.tally, time.monotonic() - started)
    if load.tally.unacknowledged:
        raise UnacknowledgedError(
            f"{settings.destination} did not acknowledge {load.tally.unacknowledged:,} events: "
            "run `just load` again to send them once more."
        )


def _kind(arguments: list[str]) -> str:
    kind = " ".join(arguments) or KINDS[0]
    if kind not in KINDS:
        sys.exit(
            "Error: say `python -m load`, `python -m load replay` or `python -m load rehearse`."
        )
    return kind


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _say_if_new(settings: LoadSettings) -> None:
    others = sorted(settings.ledger.parent.glob("*.duckdb"))
    if others and not settings.ledger.exists():
        note(
            f"{settings.destination_id} is a new destination: nothing counts as delivered there. "
            f"Known so far: {', '.join(path.stem for path in others)}."
        )


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    run(main)
