"""How a stage talks: results on stdout, progress on stderr, errors in one line."""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from pipeline.errors import PipelineError
from pipeline.settings import load_environment

_stderr = Console(stderr=True, highlight=False, soft_wrap=True)

Advance = Callable[[int], None]
"""Tell the progress that so many more units are done."""


def run(main: Callable[[], None]) -> None:
    """Run a stage: `.env` first, then `main`; an expected error becomes one line and exit 1."""
    load_environment()
    try:
        main()
    except PipelineError as error:
        for line in str(error).splitlines():
            print(f"Error: {line}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("Stopped. Run the same command again to go on.", file=sys.stderr)
        sys.exit(130)


def note(message: str) -> None:
    """Print one line on stderr, above a running progress bar."""
    _stderr.print(message, markup=False)


@contextmanager
def progress(title: str, total: int | None, unit: str) -> Iterator[Advance]:
    """Show a bar on a terminal, and one plain line at the start elsewhere."""
    if not _stderr.is_terminal:
        amount = "" if total is None else f": {total:,} {unit}"
        note(f"{title}{amount}")
        yield lambda _: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=_stderr, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda count: bar.advance(task, count)


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
