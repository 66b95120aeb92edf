"""The mapping of ids to people, at three sizes: whether it stays near-linear, and in its memory.

start-up        dbt reads the project and finds nothing to do; taken off all others
full            everything between typed lines and `marts.distinct_ids`, built anew
increment       the same after 5 % more lines came with a second load

python -m bench.identity [EVENTS] [ROUNDS]
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.contest import Contender, compete
from bench.people import insert_people
from extract.raw import open_raw
from pipeline.settings import Settings
from pipeline.terminal import note
from pipeline.warehouse import connect, make_folder

_DATA = Path(__file__).parent / "data" / "identity"
_RUN = ["dbt_project", "run", "--quiet"]
_MAPPING = [
    "--select",
    "+distinct_ids",
    "+int_identity_persons",
    "--exclude",
    "path:models/staging",
]
_FIRST = [
    *("build", "--quiet", "--exclude-resource-type", "test", "unit_test"),
    *("--select", "+distinct_ids", "+int_identity_persons"),
]
_LATER = ["run", "--quiet", "--select", "path:models/staging"]
_LATER_SHARE = 0.05


@dataclass(frozen=True)
class Size:
    """A warehouse with so many typed events, and two ways to bring its mapping up to date."""

    events: int
    ids: int
    full: Contender
    increment: Contender


def main(events: int = 1_000_000, rounds: int = 2) -> None:
    """Lay out a quarter, a half and all of the events, let the contenders run, print the table."""
    scratch = make_folder(_DATA / "scratch")
    os.environ |= {"DATA_DIR": str(scratch), "ENV_FILE": ""}
    sizes = [_size(count, Settings.read()) for count in (events // 4, events // 2, events)]
    startup = Contender("start-up", [*_RUN, "--select", "none"], 0, sizes[0].full.prepare)
    compete([startup, *(way for size in sizes for way in (size.full, size.increment))], rounds)
    _show(startup, sizes)


def _size(events: int, settings: Settings) -> Size:
    note(f"Laying out {events:,} events")
    # A child's peak memory counts from its parent's at its birth, so this process stays small.
    command = [sys.executable, "-m", "bench.identity", "lay-out", str(events)]
    ids = subprocess.check_output(command)  # noqa: S603 - our own module
    kept = settings.warehouse.rename(_DATA / f"{events}.duckdb")

    def copy() -> None:
        shutil.copyfile(kept, settings.warehouse)
        os.sync()  # or the contender waits for the disk whenever it commits

    return Size(
        events,
        int(ids),
        Contender("full", [*_RUN, "--full-refresh", *_MAPPING], events, copy),
        Contender("increment", [*_RUN, *_MAPPING], events, copy),
    )


def lay_out(events: int) -> int:
    """Make the events of both loads, and the mapping of the first; how many ids that has."""
    settings = Settings.read()
    warehouse = settings.warehouse
    warehouse.unlink(missing_ok=True)
    first = int(events * (1 - _LATER_SHARE))
    for start, end, command in ((0, first, _FIRST), (first, events, _LATER)):
        with open_raw(warehouse, settings):
            pass  # which makes the tables
        with closing(connect(warehouse, settings)) as connection:
            insert_people(connection, events, start, end)
        line = [sys.executable, "-m", "dbt_project", *command]
        subprocess.run(line, check=True, stdout=sys.stderr)  # noqa: S603 - our own module
    with closing(connect(warehouse, settings, read_only=True)) as connection:
        return int(connection.sql("select count(*) from marts.distinct_ids").fetchall()[0][0])


def _show(startup: Contender, sizes: Sequence[Size]) -> None:
    table = Table(title="Typed events to the mapping of ids", title_justify="left")
    columns = ("events", "ids", "full s", "events/s", "CPU µs/event", "peak MB", "increment s")
    for column in (*columns, "of full's CPU"):
        table.add_column(column, justify="right")
    for size in sizes:
        full, increment = (_net(way, startup, "seconds") for way in (size.full, size.increment))
        full_cpu, increment_cpu = (
            _net(way, startup, "cpu_seconds") for way in (size.full, size.increment)
        )
        table.add_row(
            f"{size.events:,}",
            f"{size.ids:,}",
            f"{full:,.1f}",
            f"{size.events / full:,.0f}",
            f"{full_cpu / size.events * 1e6:,.1f}",
            f"{size.full.median('peak_bytes') / 1e6:,.0f}",
            f"{increment:,.1f}",
            f"{increment_cpu / full_cpu:.2f}",
        )
    Console(width=110, highlight=False).print(table)
    growth = sizes[-1].events / sizes[0].events
    times = [_net(sizes[n].full, startup, "cpu_seconds") for n in (0, -1)]
    print(f"{growth:.0f} times the events take {times[1] / times[0]:.1f} times the CPU's time.")
    print(f"Taken off for dbt's start-up: {startup.median('seconds'):.1f} s.")


def _net(contender: Contender, startup: Contender, figure: str) -> float:
    return contender.median(figure) - startup.median(figure)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["lay-out", events]:
            print(lay_out(int(events)))
        case [*sizes]:
            main(*(int(size) for size in sizes))
