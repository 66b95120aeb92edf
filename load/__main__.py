"""`python -m load`: send what is pending, and say what came of it."""

import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from threading import Event
from types import FrameType

from load.batches import Limits
from load.capture import Capture
from load.carrier import Carrier
from load.delivery import Delivery, Report, Tally
from load.errors import UnacknowledgedError
from load.lanes import Lanes
from load.ledger import Ledger
from load.outbox import Outbox, Window
from load.progress import ProgressFile
from load.settings import LoadSettings
from pipeline.pace import Pace, sleep_until_stopped
from pipeline.terminal import Advance, note, progress, run, summary

_BURST_SECONDS = 1.0  # how far a lane that came late may catch up


def main() -> None:
    """Run the stage."""
    settings = LoadSettings.read()
    started = time.monotonic()
    _say_if_new(settings)
    with closing(Ledger(settings.ledger, settings, _now)) as ledger:
        outbox = Outbox(ledger.cursor(), settings.warehouse, _window(settings))
        counts = outbox.counts()
        tally = _send(settings, ledger, outbox, counts["pending"])
    _summarize(settings, counts, tally, time.monotonic() - started)
    if tally.unacknowledged:
        raise UnacknowledgedError(
            f"{settings.posthog_host} did not acknowledge {tally.unacknowledged:,} events: "
            "run `just load` again to send them once more."
        )


def _say_if_new(settings: LoadSettings) -> None:
    others = sorted(settings.ledger.parent.glob("*.duckdb"))
    if others and not settings.ledger.exists():
        note(
            f"{settings.posthog_host} with this token is a new destination: nothing counts as "
            f"delivered there. Known so far: {', '.join(path.stem for path in others)}."
        )


def _window(settings: LoadSettings) -> Window:
    youngest = _now() - timedelta(hours=settings.load_min_age_hours)
    return Window(youngest, settings.load_from, settings.load_to)


def _send(settings: LoadSettings, ledger: Ledger, outbox: Outbox, pending: int) -> Tally:
    stop, tally = Event(), Tally()
    number = ledger.begin(settings.posthog_host)
    facts = {"run": number, "started_at": _now().isoformat(), "pending": pending}
    status = ProgressFile(settings.ledger, facts, time.monotonic)
    limits = Limits(max_events=max(1, min(Limits.max_events, int(settings.load_rate))))
    try:
        with (
            _interrupt_sets(stop),
            progress("Load", pending, "events") as advance,
            _lanes(settings, stop) as lanes,
        ):
            delivery = Delivery(outbox, ledger, lanes, limits, stop, tally)
            delivery.deliver(_reporter(tally, advance, status))
    finally:
        ledger.finish(asdict(tally))
        status.finish(asdict(tally))
    return tally


def _lanes(settings: LoadSettings, stop: Event) -> Lanes:
    sleep = sleep_until_stopped(stop)
    pace = Pace(settings.load_rate, time.monotonic, sleep, _BURST_SECONDS)
    token = settings.posthog_project_token.get_secret_value()
    carriers = [
        Carrier(Capture(settings.posthog_host, token, _now), pace, sleep)
        for _ in range(settings.load_lanes)
    ]
    return Lanes([carrier.deliver for carrier in carriers], stop)


def _reporter(tally: Tally, advance: Advance, status: ProgressFile) -> Report:
    shown = 0

    def report(phase: str) -> None:
        nonlocal shown
        advance(tally.sent - shown)
        shown = tally.sent
        status.update({"phase": phase, **asdict(tally)})

    return report


@contextmanager
def _interrupt_sets(stop: Event) -> Iterator[None]:
    """Let the first Ctrl-C wait for the batches in flight, and the second one not."""

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _summarize(settings: LoadSettings, counts: Counter[str], tally: Tally, seconds: float) -> None:
    hours = f"{settings.load_min_age_hours:g} h"
    facts = {
        "destination": settings.posthog_host,
        "events accepted": tally.accepted,
        "already delivered": counts["delivered"] + counts["changed"] + counts["rekeyed"],
        "refused": tally.refused,
        "refused in earlier runs": counts["refused"],
        f"waiting (younger than {hours})": counts["waiting"],
        "outside LOAD_FROM to LOAD_TO": counts["outside"],
        "not acknowledged": tally.unacknowledged,
        "payload changed since delivered": counts["changed"],
        "key changed since delivered": counts["rekeyed"],
        "seconds": seconds,
    }
    optional = {
        "refused in earlier runs",
        "outside LOAD_FROM to LOAD_TO",
        "key changed since delivered",
    }
    summary("Load", {name: fact for name, fact in facts.items() if fact or name not in optional})
    if tally.refused or counts["refused"]:
        print('  What was refused and why: just sql "from delivery.refused"')


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    run(main)
