"""Archive → `raw.events`, against DuckDB's own `create table as` and dlt's default path.

floor           DuckDB alone: the same members, columns and catch-all
load            dlt runs the relation, members already unpacked and checked
stage           the whole way: unzip, check every CRC, count lines, load, account for each line
dlt default     dlt with dicts, nesting on, over the first events

python -m bench.extract [EVENTS] [ROUNDS]
"""

import gzip
import json
import shutil
import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import dlt
import duckdb

from bench.contest import Contender, compete, show
from extract.archive import Archive
from extract.events import events_sql
from extract.lines import has_lone_surrogate
from extract.members import unpack
from extract.packages import load_archive
from extract.raw import RawTables
from extract.settings import ExtractSettings
from extract.tables import EVENTS
from pipeline.settings import load_environment
from pipeline.warehouse import connect
from sandbox.export import write_exports
from sandbox.world import Plan

_DATA = Path(__file__).parent / "data" / "extract"
_PEER_EVENTS = 2_000


def main(events: int = 200_000, rounds: int = 3) -> None:
    """Prepare the archive once, let the contenders run, print the table."""
    _prepare(Plan(events=events, hours=24 * 7))
    lines = json.loads((_DATA / "truth.json").read_text())["lines"]
    contenders = [
        Contender(name, ["bench.extract", "run", way], count)
        for name, way, count in (
            ("floor: DuckDB, create table as", "floor", lines),
            ("load: dlt runs the relation", "load", lines),
            ("stage: with CRC check and accounts", "stage", lines),
            ("dlt's default: dicts, nested", "peer", _PEER_EVENTS),
        )
    ]
    compete(contenders, rounds)
    show(f"Archive to raw.events, {lines:,} lines, {rounds} rounds", contenders)


def _prepare(plan: Plan) -> None:
    shutil.rmtree(_DATA, ignore_errors=True)
    write_exports(plan, _DATA)
    archive = Archive(_DATA / "archive")
    for number, path in enumerate(sorted((_DATA / "exports").glob("*.zip"))):
        export = archive.add_file(path, path.name)
        unpack(path, export.file, _DATA / "members" / str(number))


def run(way: str) -> None:
    """One contender's round, in a fresh warehouse."""
    load_environment()
    scratch = _DATA / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    settings = ExtractSettings(data_dir=scratch, extract_files="", duckdb_memory_limit="1GB")
    with closing(connect(settings.warehouse, settings)) as connection:
        {"floor": _floor, "load": _load, "stage": _stage, "peer": _peer}[way](connection, scratch)


def _members() -> list[tuple[Path, str]]:
    return [(path, str(path)) for path in sorted((_DATA / "members").rglob("*.json.gz"))]


def _floor(connection: duckdb.DuckDBPyConnection, _: Path) -> None:
    connection.execute(f"create table events as {events_sql(_members())}")


def _load(connection: duckdb.DuckDBPyConnection, scratch: Path) -> None:
    raw = RawTables(connection, scratch / "dlt", scratch / "tmp")
    raw.insert(EVENTS, events_sql(_members()))


def _stage(connection: duckdb.DuckDBPyConnection, scratch: Path) -> None:
    raw = RawTables(connection, scratch / "dlt", scratch / "tmp")
    if failures := load_archive(raw, Archive(_DATA / "archive"), scratch / "tmp"):
        raise failures[0]


def _peer(connection: duckdb.DuckDBPyConnection, scratch: Path) -> None:
    pipeline = dlt.pipeline(
        "peer",
        pipelines_dir=str(scratch / "dlt"),
        destination=dlt.destinations.duckdb(connection),
        dataset_name="raw",
    )
    pipeline.run(dlt.resource(islice(_dicts(), _PEER_EVENTS), name="events"))


def _dicts() -> Iterator[dict[str, Any]]:
    """The events that dlt's default path can take: half a surrogate pair would stop it."""
    for path, _ in _members():
        with gzip.open(path) as file:
            for line in file:
                try:
                    event = json.loads(line, parse_int=_int_64)
                except ValueError:
                    continue
                if isinstance(event, dict) and not has_lone_surrogate(line):
                    yield event


def _int_64(digits: str) -> int | float:
    """Integers that dlt's default path would stop at become floats, in the peer's favour."""
    return int(digits) if len(digits) < len(str(2**63)) else float(digits)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["run", way]:
            run(way)
        case [*sizes]:
            main(*(int(size) for size in sizes))
