"""How a stage talks: results on stdout, progress on stderr, errors in one line."""

import errno
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from threading import Event
from types import FrameType
from typing import NoReturn

import duckdb
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from pipeline.errors import PipelineError
from pipeline.settings import load_environment

_stderr = Console(stderr=True, highlight=False, soft_wrap=True)
_asked_to_stop = Event()
_LINE_SECONDS = 10
_SLOW = 20  # units a second: below, a minute says more

Advance = Callable[[int], None]
"""Tell the progress that so many more units are done."""


def run(main: Callable[[], None]) -> None:
    """Run a stage: `.env` first, then `main`; an expected error becomes one line and exit 1."""
    signal.signal(signal.SIGINT, _interrupt)
    try:
        load_environment()
        main()
    except PipelineError as error:
        _fail(str(error))
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        _fail("No space is left on the disk: free some, or set DATA_DIR, then run again to go on.")
    except duckdb.OutOfMemoryException as error:
        _fail(
            f"{str(error).splitlines()[0]}: free some, or set DUCKDB_MEMORY_LIMIT, and run again."
        )
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on.", file=sys.stderr)
        sys.exit(130)


def stop_if_asked() -> None:
    """Raise what Ctrl-C raised, if a library has swallowed it."""
    if _asked_to_stop.is_set():
        raise KeyboardInterrupt


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    _asked_to_stop.set()
    raise KeyboardInterrupt


def _fail(message: str) -> NoReturn:
    for line in message.splitlines():
        print(f"Error: {line}", file=sys.stderr)
    sys.exit(1)


def note(message: str) -> None:
    """Print one line on stderr, above a running progress bar."""
    _stderr.print(message, markup=False)


@contextmanager
def progress(
    title: str,
    total: int | None,
    unit: str,
    clock: Callable[[], float] = time.monotonic,
    remark: Callable[[], str] = str,
) -> Iterator[Advance]:
    """Show a bar with rate and time left on a terminal, and a plain line now and then elsewhere.

    Each time it is shown, `remark` may add what else there is to say.
    """
    if not _stderr.is_terminal:
        amount = "" if total is None else f": {total:,} {unit}"
        note(f"{title}{amount}")
        yield _Lines(title, total, unit, clock, remark).advance
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        _RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        _RemarkColumn(remark),
    )
    with Progress(*columns, console=_stderr, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


class _RateColumn(ProgressColumn):
    """How many units a second, or a minute if they are slow."""

    def render(self, task: Task) -> Text:
        return Text(_rate(task.speed or 0))


class _RemarkColumn(ProgressColumn):
    """What else there is to say."""

    def __init__(self, remark: Callable[[], str]) -> None:
        super().__init__()
        self._remark = remark

    def render(self, task: Task) -> Text:  # noqa: ARG002 - rich's signature
        return Text(self._remark())


class _Lines:
    """Progress where there is no terminal: one line every few seconds."""

    def __init__(
        self,
        title: str,
        total: int | None,
        unit: str,
        clock: Callable[[], float],
        remark: Callable[[], str],
    ) -> None:
        self._title, self._total, self._unit, self._clock = title, total, unit, clock
        self._remark = remark
        self._started = self._said = clock()
        self._done = 0

    def advance(self, count: int) -> None:
        """Count, and say so if the last line is old."""
        self._done += count
        now = self._clock()
        if now - self._said >= _LINE_SECONDS:
            self._said = now
            note(f"{self._title}: {', '.join(self._facts(now - self._started))}")

    def _facts(self, seconds: float) -> Iterator[str]:
        if self._total is None:
            yield f"{self._done:,} {self._unit}"
        else:
            yield f"{self._done:,} of {self._total:,} {self._unit}"
        yield _rate(self._done / seconds)
        if self._total is not None and self._done:
            left = (self._total - self._done) * seconds / self._done
            yield f"{timedelta(seconds=round(left))} left"
        if remark := self._remark():
            yield remark


def _rate(per_second: float) -> str:
    if per_second < _SLOW:
        return f"{per_second * 60:,.0f} a minute"
    return f"{per_second:,.0f} a second"


def summary(title: str, facts: Mapping[str, object]) -> None:
    """Print the few lines with which every stage ends: labels, and numbers set to the right."""
    label_width = max(map(len, facts), default=0)
    numbers = [_spell(value) for value in facts.values() if not isinstance(value, str)]
    width = max(map(len, numbers), default=0)
    print(title)
    for label, value in facts.items():
        print(f"  {label:<{label_width}}  {_spell(value):>{width}}")
    sys.stdout.flush()


def _spell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
