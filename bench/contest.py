"""A contest: contenders take turns as processes of their own, and are compared by their medians.

The machine is shared and noisy, so rounds are interleaved after a warm-up, and the result is a
ratio to the floor: the least that any way of doing the work would cost.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

_KIBIBYTE = 1024


@dataclass(frozen=True)
class Round:
    """One run: seconds on the clock, CPU seconds, peak memory in bytes."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


@dataclass
class Contender:
    """A way of doing the work: `python -m <command>`; `events` is how many it handles a round.

    `prepare` lays out what it works on, before each round and off the clock.
    """

    name: str
    command: Sequence[str]
    events: int
    prepare: Callable[[], None] = lambda: None
    rounds: list[Round] = field(default_factory=list)

    def median(self, figure: str) -> float:
        """The median of `seconds`, `cpu_seconds` or `peak_bytes`."""
        return float(statistics.median(getattr(round_, figure) for round_ in self.rounds))

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.median("seconds")

    @property
    def cpu_microseconds(self) -> float:
        """CPU time an event."""
        return self.median("cpu_seconds") / self.events * 1e6

    @property
    def spread(self) -> float:
        """The slowest round over the fastest."""
        seconds = [round_.seconds for round_ in self.rounds]
        return max(seconds) / min(seconds)


def compete(contenders: Sequence[Contender], rounds: int) -> None:
    """Run every contender once to warm up, then `rounds` times in turn.

    Raises:
        CalledProcessError: a contender failed.
    """
    for number in range(rounds + 1):
        for contender in contenders:
            contender.prepare()
            measured = _run(contender.command)
            if number:
                contender.rounds.append(measured)


def show(title: str, contenders: Sequence[Contender]) -> None:
    """Print medians and ratios; the first contender is the floor."""
    table = Table(title=title, title_justify="left")
    table.add_column("way")
    for column in ("events/s", "of the floor's speed", "CPU µs/event", "peak MB", "spread"):
        table.add_column(column, justify="right")
    floor = contenders[0]
    for contender in contenders:
        table.add_row(
            contender.name,
            f"{contender.rate:,.0f}",
            f"{contender.rate / floor.rate:.3f}",
            f"{contender.cpu_microseconds:,.1f}",
            f"{contender.median('peak_bytes') / 1e6:,.0f}",
            f"{contender.spread:.2f}",
        )
    Console(width=110, highlight=False).print(table)


def _run(command: Sequence[str]) -> Round:
    started = time.monotonic()
    process = subprocess.Popen(  # noqa: S603 - our own modules
        [sys.executable, "-m", *command], stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, list(command))
    return Round(
        seconds=time.monotonic() - started,
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_bytes=usage.ru_maxrss * _KIBIBYTE,
    )
