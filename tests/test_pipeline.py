"""The three stages together, as a user runs them."""

import csv
import gzip
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.http import serving
from sandbox.posthog import PostHog
from sandbox.truth import load_truth
from tests.conftest import ROOT, Demo, run_stage, succeed, succeed_cold

GOLDEN = ROOT / "tests" / "golden"
TOKEN = "phc_golden"  # noqa: S105 - the sandbox's
_STORED = """
select json_object(
    'event', event, 'uuid', uuid, 'distinct_id', distinct_id, 'timestamp', "timestamp",
    'session_id', session_id, 'options', options, 'properties', properties,
    'historical_migration', historical_migration
)
from received
order by seq
"""
_HASHES = """
select concat_ws(',', uuid, key_hash, payload_hash)
from (
    from marts.posthog_aliases
    union all by name
    from marts.posthog_groups
    union all by name
    from marts.posthog_events
    union all by name
    from marts.posthog_persons
)
order by uuid
"""
_MARTS = (
    "daily",
    "distinct_ids",
    "event_types",
    "events",
    "identity_differences",
    "posthog_aliases",
    "posthog_events",
    "posthog_groups",
    "posthog_persons",
    "property_catalog",
    "property_drift",
    "rejected_events",
    "repairs",
    "sessions",
    "users",
)


@dataclass(frozen=True)
class Golden:
    """The golden exports after one run of all stages, with the PostHog that they went to."""

    data_dir: Path
    exports: Path
    posthog: PostHog
    settings: dict[str, str]

    def stored(self) -> list[dict[str, Any]]:
        """What PostHog holds, in order of arrival."""
        return [json.loads(line) for (line,) in self.posthog.query(_STORED)]


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Golden]:
    folder = tmp_path_factory.mktemp("golden")
    exports = pack(GOLDEN / "exports", folder / "exports")
    with (
        closing(PostHog(folder / "posthog.duckdb", TOKEN)) as posthog,
        serving(posthog.respond) as url,
    ):
        settings = {
            "EXTRACT_FILES": str(exports),
            "POSTHOG_HOST": url,
            "POSTHOG_PROJECT_TOKEN": TOKEN,
            # One lane, so that the order of arrival is the same on every run.
            "LOAD_LANES": "1",
            "LOAD_RATE": "50000",
        }
        golden = Golden(folder / "data", exports, posthog, settings)
        for stage in ("extract", "dbt_project", "load"):
            succeed(stage, golden.data_dir, **settings)
        yield golden


def pack(lines: Path, folder: Path) -> Path:
    """Lay the golden lines out as people keep exports: plain, gzipped, and zip of gzip."""
    folder.mkdir()
    (folder / "2020.ndjson").write_bytes((lines / "2020.ndjson").read_bytes())
    web = gzip.compress((lines / "web.ndjson").read_bytes())
    (folder / "100042_2025-07-17_10#627.json.gz").write_bytes(web)
    app = gzip.compress((lines / "app.ndjson").read_bytes())
    with zipfile.ZipFile(folder / "2025-07-18.zip", "w") as archive:
        archive.writestr("100042/100042_2025-07-18_8#627.json.gz", app)
    return folder


def test_the_golden_exports_become_the_golden_events(golden: Golden) -> None:
    expected = (GOLDEN / "posthog.ndjson").read_text().splitlines()
    assert golden.stored() == [json.loads(line) for line in expected]


def hashes(golden: Golden) -> list[str]:
    """What the ledger compares of each event, as `uuid,key_hash,payload_hash`."""
    with duckdb.connect(golden.data_dir / "warehouse.duckdb", read_only=True) as warehouse:
        return [row for (row,) in warehouse.sql(_HASHES).fetchall()]


def test_the_hashes_that_the_ledger_compares_are_the_golden_ones(golden: Golden) -> None:
    """Another hash is another event to those who have begun to load: that is for the changelog."""
    assert hashes(golden) == (GOLDEN / "hashes.csv").read_text().splitlines()


def test_every_golden_line_is_accounted_for(golden: Golden) -> None:
    with duckdb.connect(golden.data_dir / "warehouse.duckdb", read_only=True) as warehouse:
        rejected = warehouse.sql(
            "select reason, count(*) from marts.rejected_events group by 1 order by 1"
        )
        assert rejected.fetchall() == [
            ("duplicate", 1),
            ("excluded by rule", 2),
            ("no identity", 1),
            ("over-long id", 1),
        ]
        bad_lines = "select line_number, error, repaired from raw.bad_lines order by 1"
        assert warehouse.sql(bad_lines).fetchall() == [
            (11, "lone surrogate, replaced by U+FFFD", True),
            (12, "not JSON: Unterminated string starting at (character 14)", False),
            (13, "not a JSON object but a list", False),
        ]


def test_run_again_nothing_new_arrives_and_nothing_changes(golden: Golden) -> None:
    stored, marts = golden.stored(), fingerprints(golden.data_dir)
    extracted = succeed("extract", golden.data_dir, **golden.settings)
    succeed("dbt_project", golden.data_dir, **golden.settings)
    loaded = succeed("load", golden.data_dir, **golden.settings)
    assert figure(extracted, "files added") == 0
    assert figure(loaded, "events accepted") == 0
    assert figure(loaded, "already delivered") == len(stored)
    assert golden.stored() == stored
    assert fingerprints(golden.data_dir) == marts


def test_rebuilt_from_the_archive_alone_the_marts_are_the_same(
    golden: Golden, tmp_path: Path
) -> None:
    shutil.copytree(golden.data_dir / "archive", tmp_path / "archive")
    succeed_cold("extract.rebuild", tmp_path)
    succeed_cold("dbt_project", tmp_path)
    assert fingerprints(tmp_path) == fingerprints(golden.data_dir)


def test_without_an_archive_there_is_nothing_to_rebuild(tmp_path: Path) -> None:
    done = run_stage("extract.rebuild", tmp_path)
    assert done.returncode == 1
    assert "there is nothing to rebuild from" in done.stderr


def test_a_damaged_archive_leaves_the_old_warehouse_as_it_was(
    golden: Golden, tmp_path: Path
) -> None:
    shutil.copytree(golden.data_dir, tmp_path, dirs_exist_ok=True)
    damaged = tmp_path / "archive" / "files" / "2020.ndjson"
    damaged.write_bytes(damaged.read_bytes()[:-9])
    done = run_stage("extract.rebuild", tmp_path)
    assert done.returncode == 1
    assert "2020.ndjson" in done.stderr
    assert fingerprints(tmp_path) == fingerprints(golden.data_dir)


def fingerprints(data_dir: Path) -> dict[str, tuple[int, int]]:
    """Rows and a hash of each mart, in no order and whatever file a line came from."""
    with duckdb.connect(data_dir / "warehouse.duckdb", read_only=True) as warehouse:
        return {
            mart: warehouse.sql(
                f"select count(*), coalesce(bit_xor(hash(rows)), 0) from marts.{mart} as rows"
            ).fetchall()[0]
            for mart in _MARTS
        }


def figure(printed: str, label: str) -> int:
    """The number that a summary shows beside a label."""
    (line,) = [line for line in printed.splitlines() if line.strip().startswith(label)]
    return int(line.split()[-1].replace(",", ""))


def test_the_demo_delivers_what_its_generator_knows_to_be_true(demo: Demo) -> None:
    truth = load_truth(demo.folder / "sandbox")
    with duckdb.connect(demo.folder / "warehouse.duckdb", read_only=True) as warehouse:
        counts = warehouse.sql("""
            select
                (select sum(lines) from raw.exports),
                (select count(*) from raw.bad_lines where not repaired),
                (select count(*) from raw.bad_lines where repaired),
                (select count(*) from marts.rejected_events where reason = 'duplicate'),
                (select count(*) from marts.events)
        """).fetchall()[0]
    assert counts == (
        truth.lines,
        truth.bad_lines,
        truth.repairable_lines,
        truth.duplicate_lines,
        truth.distinct_uuids,
    )


def test_every_event_of_the_demo_belongs_to_its_true_person(demo: Demo) -> None:
    with gzip.open(demo.folder / "sandbox" / "event_persons.csv.gz", "rt") as file:
        truth = {row["uuid"]: row["person"] or None for row in csv.DictReader(file)}
    with duckdb.connect(demo.folder / "warehouse.duckdb", read_only=True) as warehouse:
        found = warehouse.sql("select event_uuid::varchar, person_id from marts.events").fetchall()
    assert dict(found) == truth


def test_in_posthog_the_demos_events_belong_to_their_true_persons(demo: Demo) -> None:
    """A distinct_id is its person's own or, where an alias arrived, the alias's target."""
    with gzip.open(demo.folder / "sandbox" / "event_persons.csv.gz", "rt") as file:
        truth = {row["uuid"]: row["person"] for row in csv.DictReader(file)}
    with duckdb.connect(demo.folder / "sandbox" / "posthog.duckdb", read_only=True) as posthog:
        found = posthog.sql("""
            with aliases as (
                select properties ->> 'alias' as alias, distinct_id
                from events
                where event = '$create_alias'
            )
            select uuid::varchar, coalesce(aliases.distinct_id, events.distinct_id)
            from events
            left join aliases on events.distinct_id = aliases.alias
            where event not in ('$create_alias', '$groupidentify', '$set')
        """).fetchall()
    assert found
    assert {uuid: truth[uuid] for uuid, _ in found} == dict(found)


def test_the_demo_ends_by_showing_what_arrived(demo: Demo) -> None:
    assert "What arrived in PostHog" in demo.printed
    assert "$pageview" in demo.printed


@pytest.mark.parametrize("stage", ["dbt_project", "load"])
def test_without_what_it_needs_a_stage_says_which_to_run_first(stage: str, tmp_path: Path) -> None:
    settings = {"POSTHOG_HOST": "http://127.0.0.1:9", "POSTHOG_PROJECT_TOKEN": TOKEN}
    done = run_stage(stage, tmp_path, **settings)
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1
    assert "run `just" in done.stderr


def test_marts_whose_build_failed_are_not_sent(demo: Demo, tmp_path: Path) -> None:
    """A line that is missing from raw fails the law that every line is accounted for."""
    shutil.copy(demo.folder / "warehouse.duckdb", tmp_path)
    with duckdb.connect(tmp_path / "warehouse.duckdb") as warehouse:
        warehouse.execute("update raw.exports set lines = lines + 1")
    built = run_stage("dbt_project", tmp_path)
    assert built.returncode == 1
    error = built.stderr.splitlines()[-1]
    assert error.startswith("Error: every_exported_line_is_accounted_for: ")
    assert error.endswith('just sql "from test_failures.every_exported_line_is_accounted_for"')
    with duckdb.connect(tmp_path / "warehouse.duckdb") as warehouse:
        warehouse.execute("from test_failures.every_exported_line_is_accounted_for")
        assert f": {len(warehouse.fetchall())} rows. " in error
    settings = {"POSTHOG_HOST": "http://127.0.0.1:9", "POSTHOG_PROJECT_TOKEN": TOKEN}
    loaded = run_stage("load", tmp_path, **settings)
    assert loaded.returncode == 1
    assert "run `just transform` until it succeeds" in loaded.stderr


@pytest.mark.parametrize("stage", ["extract", "dbt_project", "operate.sql"])
def test_a_warehouse_in_use_is_one_clear_line(stage: str, demo: Demo) -> None:
    with duckdb.connect(demo.folder / "warehouse.duckdb"):
        done = run_stage(stage, demo.folder, EXTRACT_FILES=str(GOLDEN / "exports"))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "warehouse.duckdb is in use by process" in done.stderr


def test_sql_reads_the_warehouse_and_the_ledger(demo: Demo) -> None:
    query = (
        "select count(*) as events from marts.posthog_events join delivery.delivered using (uuid)"
    )
    with duckdb.connect(demo.folder / "warehouse.duckdb", read_only=True) as warehouse:
        sendable = warehouse.sql("select count(*) from marts.posthog_events").fetchall()[0][0]
    printed = succeed_cold("operate.sql", demo.folder, ".mode csv", query)
    assert printed.split() == ["events", str(sendable)]
