"""A warehouse with the marts, a local PostHog with faults on loopback, and the real command."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import count
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid5

import duckdb
import pytest

from load.__main__ import main
from pipeline.terminal import run
from sandbox.faults import Faults
from sandbox.http import serving
from sandbox.posthog import PostHog

PROJECT = "phc_project"
OTHER_PROJECT = "phc_other"
PHASES = ("aliases", "groups", "events", "persons")
FIRST = datetime(2024, 3, 1, tzinfo=UTC)
NAMESPACE = UUID(int=7)

_TABLE = """
create or replace table marts.posthog_{phase} as
select
    mart.*,
    hash(event, distinct_id, "timestamp"::date) as key_hash,
    hash(properties, "timestamp") as payload_hash
from (
    select unnest(
        from_json(
            $rows,
            '[{{"uuid": "UUID", "event": "VARCHAR", "distinct_id": "VARCHAR",
               "timestamp": "TIMESTAMP", "properties": "VARCHAR"}}]'
        ),
        recursive := true
    )
) as mart
"""


_PEOPLE = """
create or replace table marts.distinct_ids (id varchar, distinct_id varchar);
create or replace table marts.events (event_uuid uuid, person_id varchar)
"""

_PERSONS_OF_EVENTS = """
create or replace table marts.events as
select uuid as event_uuid, coalesce(people.distinct_id, sent.distinct_id) as person_id
from marts.posthog_events as sent
left join marts.distinct_ids as people on sent.distinct_id = people.id
"""

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_NUMBERS = count()


def row(number: int, **changes: object) -> dict[str, Any]:
    """One row of a mart; `number` decides everything that `changes` does not."""
    return {
        "uuid": str(uuid5(NAMESPACE, str(number))),
        "event": f"event {number % 5}",
        "distinct_id": f"person {number % 7}",
        "timestamp": f"{FIRST + timedelta(minutes=37 * number):%F %T}",
        "properties": {"number": number},
        **changes,
    }


_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["load.__main__"])


def _command(environment: dict[str, str], arguments: tuple[str, ...], out: Path, err: Path) -> None:
    """Be `python -m load` with this environment and nothing else."""
    for stream, path in ((1, out), (2, err)):
        os.dup2(os.open(path, os.O_WRONLY), stream)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["load", *arguments]
    run(main)


class Process:
    """The command as a real process, forked where all imports are done: a start costs no second."""

    def __init__(
        self, environment: dict[str, str], arguments: tuple[str, ...], folder: Path
    ) -> None:
        number = next(_NUMBERS)
        self._out, self._err = folder / f"{number}.out", folder / f"{number}.err"
        for path in (self._out, self._err):
            path.touch()  # a process may be killed before it opens them
        args = (environment, arguments, self._out, self._err)
        self._process = _FORKS.Process(target=_command, args=args)
        self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.join()

    @property
    def pid(self) -> int:
        """Name the process."""
        return self._process.pid or 0

    @property
    def returncode(self) -> int | None:
        """Tell how it ended; a signal is negative."""
        return self._process.exitcode

    def signal(self, number: int) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def said(self) -> str:
        """Return what it printed on stderr so far."""
        return self._err.read_text()

    def kill(self) -> None:
        """Kill it with -9."""
        self._process.kill()

    def communicate(self) -> tuple[str, str]:
        """Wait for its end; returns what it printed on stdout and stderr."""
        self._process.join()
        return self._out.read_text(), self._err.read_text()


@dataclass
class Stage:
    """The load stage with everything around it."""

    data_dir: Path
    posthog: PostHog
    faults: Faults
    host: str
    monkeypatch: pytest.MonkeyPatch
    settings: dict[str, str] = field(default_factory=dict)

    def fill(self, **marts: list[dict[str, Any]]) -> None:
        """Write the warehouse; marts that are not given are empty."""
        with closing(duckdb.connect(self.data_dir / "warehouse.duckdb")) as warehouse:
            warehouse.execute("create schema if not exists marts")
            warehouse.execute("create or replace table marts.last_build as select true succeeded")
            for phase in PHASES:
                rows = [
                    {**given, "properties": json.dumps(given["properties"])}
                    for given in marts.get(phase, [])
                ]
                warehouse.execute(_TABLE.format(phase=phase), {"rows": json.dumps(rows)})
            warehouse.execute(_PEOPLE)

    def identify(self, **ids: str) -> None:
        """Say whose each id is; events belong to the person of their distinct_id."""
        with closing(duckdb.connect(self.data_dir / "warehouse.duckdb")) as warehouse:
            warehouse.execute("delete from marts.distinct_ids")
            for id_, person in ids.items():
                warehouse.execute("insert into marts.distinct_ids values (?, ?)", [id_, person])
            warehouse.execute(_PERSONS_OF_EVENTS)

    def drop(self, table: str) -> None:
        """Take one table out of the warehouse."""
        with closing(duckdb.connect(self.data_dir / "warehouse.duckdb")) as warehouse:
            warehouse.execute(f"drop table {table}")

    def start(self, *arguments: str, **settings: str) -> "Process":
        """Start the command as a process of its own."""
        return Process(self.environment(settings), arguments, self.data_dir.parent)

    def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the command to its end, within this process: it starts in no time."""
        out, err, code = StringIO(), StringIO(), 0
        environment = self.environment(settings)
        with self.monkeypatch.context() as patched, redirect_stdout(out), redirect_stderr(err):
            for name in os.environ:
                patched.delenv(name)
            for name, value in environment.items():
                patched.setenv(name, value)
            patched.setattr(sys, "argv", ["load", *arguments])
            handlers = [(number, signal.getsignal(number)) for number in _SIGNALS]
            try:
                run(main)
            except SystemExit as left:
                code = int(left.code or 0)
            finally:
                for number, handler in handlers:
                    signal.signal(number, handler)
        return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())

    def environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the command, nothing inherited but what Python needs."""
        return {
            "PATH": os.environ["PATH"],
            "ENV_FILE": "",
            "DATA_DIR": str(self.data_dir),
            "POSTHOG_HOST": self.host,
            "POSTHOG_PROJECT_TOKEN": PROJECT,
            "LOAD_RATE": "100000",
            **self.settings,
            **settings,
        }

    def ledger(self, sql: str) -> list[Any]:
        """Ask the ledger, after the run."""
        (path,) = (self.data_dir / "delivery").glob("*.duckdb")
        with closing(duckdb.connect(path, read_only=True)) as ledger:
            return ledger.execute(sql).fetchall()

    def received(self) -> int:
        """Count what arrived, doubles included."""
        return int(self.posthog.query("select count(*) from received")[0][0])


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    posthog = PostHog(tmp_path / "posthog.duckdb", PROJECT)
    faults = Faults(posthog.respond)
    with closing(posthog), serving(faults.respond) as host:
        (tmp_path / "data").mkdir()
        yield Stage(tmp_path / "data", posthog, faults, host, monkeypatch)


def shown(summary: str, label: str) -> str:
    """Return the value of one line of the summary."""
    (value,) = [
        line.split()[-1] for line in summary.splitlines() if line.strip().startswith(label + "  ")
    ]
    return value


def one_line(errors: str) -> str:
    """Return the only error line; what else is on stderr is the progress."""
    (line,) = [line for line in errors.splitlines() if line.startswith("Error: ")]
    assert "Traceback" not in errors
    return line


def until(claim: Callable[[], bool]) -> None:
    """Wait for something to come true."""
    for _ in range(30_000):
        if claim():
            return
        time.sleep(0.01)
    pytest.fail("it did not come true in five minutes")
