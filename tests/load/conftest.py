"""A warehouse with the four marts, a local PostHog on loopback, and the real command."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import duckdb
import pytest

from sandbox.http import serving
from sandbox.posthog import PostHog
from tests.stages import Process, run_warm

PROJECT = "phc_project"
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


@dataclass
class Stage:
    """The load stage with everything around it."""

    data_dir: Path
    posthog: PostHog
    host: str
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

    def drop(self, table: str) -> None:
        """Take one table out of the warehouse."""
        with closing(duckdb.connect(self.data_dir / "warehouse.duckdb")) as warehouse:
            warehouse.execute(f"drop table {table}")

    def start(self, **settings: str) -> Process:
        """Start `python -m load`."""
        return Process(["-m", "load"], self.environment(settings))

    def run(self, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m load` to its end."""
        return run_warm(["-m", "load"], self.environment(settings))

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
def stage(tmp_path: Path) -> Iterator[Stage]:
    posthog = PostHog(tmp_path / "posthog.duckdb", PROJECT)
    with closing(posthog), serving(posthog.respond) as host:
        (tmp_path / "data").mkdir()
        yield Stage(tmp_path / "data", posthog, host)
