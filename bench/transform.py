"""`raw` → marts, against DuckDB alone parsing both bags once and writing the wide table.

floor           DuckDB alone: both bags parsed with typed structs, the wide table written
start-up        dbt reads the project and finds nothing to do; taken off the two that follow
full            `python -m dbt_project` on raw: all models, the census, the data tests
increment       the same command after 5 % more lines came with a second load

python -m bench.transform [EVENTS] [ROUNDS]
"""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.table import Table

from bench.contest import Contender, compete
from bench.growth import Growth
from pipeline.settings import Settings
from pipeline.warehouse import make_folder
from sandbox.world import Plan

_DATA = Path(__file__).parent / "data" / "transform"
_TARGET_EVENTS = 1_000_000
_MOST_FLOORS = 6.0
_MOST_OF_FULL = 0.25


def main(events: int = 200_000, rounds: int = 3) -> None:
    """Load once, build the first load, let the contenders run, print the table."""
    scratch = make_folder(_DATA / "scratch")
    os.environ |= {"DATA_DIR": str(scratch), "ENV_FILE": ""}
    settings = Settings.read()
    growth = Growth(_DATA / "growth", Plan(events=events, hours=24 * 7))
    growth.load()
    growth.build(settings)
    lines, later = growth.lines()
    grown, raw = (_copier(path, settings.warehouse) for path in (growth.grown, growth.whole))
    contenders = (
        Contender(
            "floor", ["bench.floor", str(growth.grown), str(scratch / "floor.duckdb")], lines
        ),
        Contender("start-up", ["dbt_project", "build", "--quiet", "--select", "none"], 0, grown),
        Contender("full", ["dbt_project"], lines, raw),
        Contender("increment", ["dbt_project"], later, grown),
    )
    compete(contenders, rounds)
    _show(f"raw to marts, {lines:,} lines, {later:,} of them later, {rounds} rounds", *contenders)
    if events < _TARGET_EVENTS:
        print(f"The targets are meant for {_TARGET_EVENTS:,} events: just bench transform 1000000")


def _copier(warehouse: Path, place: Path) -> Callable[[], None]:
    """Put a copy of a warehouse in its place; what dbt remembers of the project stays."""

    def copy() -> None:
        place.with_name(f"{place.name}.wal").unlink(missing_ok=True)
        shutil.copyfile(warehouse, place)
        os.sync()  # or the contender waits for the disk whenever it commits

    return copy


@dataclass(frozen=True)
class _Cost:
    """Time on the clock and of the CPU, which a busy machine disturbs less."""

    seconds: float
    cpu_seconds: float

    @classmethod
    def of(cls, contender: Contender) -> Self:
        return cls(contender.median("seconds"), contender.median("cpu_seconds"))

    def without(self, other: Self) -> Self:
        return replace(
            self,
            seconds=self.seconds - other.seconds,
            cpu_seconds=self.cpu_seconds - other.cpu_seconds,
        )

    def verdict(self, of: Self, most: float) -> str:
        """The ratio to another cost, and whether it is at most what was aimed at."""
        ratio = self.seconds / of.seconds
        by_cpu = self.cpu_seconds / of.cpu_seconds
        holds = "holds" if ratio <= most else "missed"
        return f"{ratio:.2f} (by CPU time {by_cpu:.2f}); the target, at most {most:g}, {holds}"


def _show(
    title: str, floor: Contender, startup: Contender, full: Contender, increment: Contender
) -> None:
    """Print the medians, each build's net cost, and what became of the targets."""
    least = _Cost.of(floor)
    net = {build.name: _Cost.of(build).without(_Cost.of(startup)) for build in (full, increment)}
    table = Table(title=title, title_justify="left")
    table.add_column("way")
    for column in ("seconds", "without start-up", "floors", "CPU s", "peak MB", "spread"):
        table.add_column(column, justify="right")
    for contender in (floor, startup, full, increment):
        cost = net.get(contender.name)
        table.add_row(
            contender.name,
            f"{contender.median('seconds'):,.1f}",
            f"{cost.seconds:,.1f}" if cost else "",
            f"{cost.seconds / least.seconds:.2f}" if cost else "",
            f"{contender.median('cpu_seconds'):,.1f}",
            f"{contender.median('peak_bytes') / 1e6:,.0f}",
            f"{contender.spread:.2f}",
        )
    Console(width=110, highlight=False).print(table)
    print("full over floor:", net[full.name].verdict(least, _MOST_FLOORS))
    print("increment over full:", net[increment.name].verdict(net[full.name], _MOST_OF_FULL))


if __name__ == "__main__":
    main(*(int(size) for size in sys.argv[1:]))
