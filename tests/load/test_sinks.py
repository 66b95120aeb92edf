"""Three ways out, the same events; and files that hold each event once."""

import gzip
import hashlib
import json
import signal
from collections.abc import Mapping
from datetime import datetime, timedelta
from gzip import decompress
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pytest
from posthog.capture_v1 import _to_v1_event

from sandbox import classic
from sandbox.capture_faults import holding, keeping, refusal
from sandbox.faults import answer, torn
from sandbox.http import Request
from tests.load.conftest import FIRST, OTHER_PROJECT, Stage, one_line, row, shown, until

SESSION = "0189ca00-0000-7000-8000-000000000001"
ODD: list[dict[str, Any]] = [
    {"$session_id": SESSION, "$set": {"plan": "pro"}, "$set_once": {"first": None}},
    {"$process_person_profile": False, "$groups": {"team": "é😀"}},
    {"$geoip_disable": True, "deep": {"$session_id": "stays"}, "list": [1.5, None, "\u0000"]},
    {"big": 2**60, "quote": 'says "$lib"', "newline": "a\nb"},
]
EVENTS = [row(n, properties={"n": n, **ODD[n % len(ODD)]}) for n in range(40)]
MARTS = {
    "aliases": [row(1_000, event="$create_alias", properties={"alias": "phone"})],
    "groups": [row(1_001, event="$groupidentify", properties={"$group_set": {"a": 1}})],
    "events": EVENTS,
    "persons": [row(1_002, event="$set", properties={"$set": {"plan": "free"}})],
}


def wired(requests: list[Request]) -> dict[str, dict[str, Any]]:
    """The events of all requests."""
    bodies = [json.loads(decompress(request.body)) for request in requests]
    return {event["uuid"]: event for body in bodies for event in body["batch"]}


def dated(event: Mapping[str, Any]) -> dict[str, Any]:
    """Let two spellings of one time be equal: `Z` and `+00:00`."""
    return {**event, "timestamp": datetime.fromisoformat(event["timestamp"])}


def lines(folder: Path) -> list[dict[str, Any]]:
    """The events of all files, in the order of the files' names."""
    return [
        json.loads(line)
        for path in sorted(folder.rglob("*.jsonl.gz"))
        for line in gzip.decompress(path.read_bytes()).splitlines()
    ]


def contents(folder: Path) -> dict[str, bytes]:
    """The files by name."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture
def files(stage: Stage, tmp_path: Path) -> Path:
    """A folder to write to; no token is needed for that."""
    stage.settings.update(
        LOAD_SINK="jsonl",
        LOAD_TARGET=str(tmp_path / "files"),
        POSTHOG_HOST="",
        POSTHOG_PROJECT_TOKEN="",
    )
    return tmp_path / "files"


def test_the_events_of_all_three_ways_are_the_same(stage: Stage, tmp_path: Path) -> None:
    """posthog-python says what a plain event is in Capture V1."""
    stage.fill(**MARTS)
    target = {"LOAD_SINK": "jsonl", "LOAD_TARGET": str(tmp_path / "files")}
    assert stage.run(**target).returncode == 0
    plain = {event["uuid"]: event for event in lines(tmp_path / "files")}
    assert stage.run().returncode == 0
    over_v1 = wired(stage.faults.requests)
    stage.faults.requests.clear()
    elsewhere = stage.host.replace("127.0.0.1", "localhost")
    assert stage.run(LOAD_SINK="batch", POSTHOG_HOST=elsewhere).returncode == 0
    classical = wired(stage.faults.requests)
    for event in classical.values():
        assert event["properties"].pop("$ignore_sent_at") is True
    assert len(plain) == 43
    assert classical == plain
    assert {uuid: dated(event) for uuid, event in over_v1.items()} == {
        uuid: dated(_to_v1_event(event)) for uuid, event in plain.items()
    }


def test_the_classic_way_brings_the_same_times_and_fields(stage: Stage) -> None:
    stage.fill(**MARTS)
    assert stage.run(LOAD_SINK="batch").returncode == 0
    stored = stage.posthog.query(
        'select uuid::varchar, "timestamp"::varchar, session_id, historical_migration from events'
    )
    given = [one for rows in MARTS.values() for one in rows]
    assert sorted(stored) == sorted(
        (one["uuid"], one["timestamp"], one["properties"].get("$session_id"), True) for one in given
    )


@pytest.mark.parametrize("status", [400, 413])
def test_the_classic_way_finds_the_bad_event_by_halves(stage: Stage, status: int) -> None:
    bad = EVENTS[7]["uuid"]
    fault = keeping(3, refusal(status, "odd")) if status == 413 else refusal(status, "odd")
    stage.faults.always(classic.PATH, holding(lambda event: event["uuid"] == bad, fault))
    stage.fill(events=EVENTS)
    result = stage.run(LOAD_SINK="batch", LOAD_LANES="1")
    assert result.returncode == 0
    assert shown(result.stdout, "events accepted") == "39"
    assert stage.ledger("select uuid::varchar, reason from refused") == [(bad, f"{status} odd")]
    assert stage.ledger("select count(*) from delivered") == [(39,)]


def test_the_classic_way_is_as_patient_as_the_other(stage: Stage) -> None:
    stage.faults.once(
        classic.PATH,
        refusal(503),
        torn,
        answer(200, b"<html>Log in</html>"),
        refusal(429, retry_after="inf"),
    )
    stage.fill(events=EVENTS)
    assert stage.run(LOAD_SINK="batch", LOAD_LANES="1").returncode == 0
    assert stage.received() == 40


def test_the_classic_way_ends_on_a_wrong_token(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    result = stage.run(LOAD_SINK="batch", POSTHOG_PROJECT_TOKEN=OTHER_PROJECT)
    assert result.returncode == 1
    assert "answered 401" in one_line(result.stderr)


def test_files_stand_in_the_order_in_which_they_must_be_read(stage: Stage, files: Path) -> None:
    stage.fill(**MARTS)
    assert stage.run().returncode == 0
    names = [str(path.relative_to(files)) for path in sorted(files.rglob("*.jsonl.gz"))]
    assert names == [
        "1-aliases/2024-03-26/000001.jsonl.gz",
        "2-groups/2024-03-26/000001.jsonl.gz",
        "3-events/2024-03-01/000001.jsonl.gz",
        "3-events/2024-03-02/000001.jsonl.gz",
        "4-persons/2024-03-26/000001.jsonl.gz",
    ]
    assert [event["uuid"] for event in lines(files)] == [
        one["uuid"] for rows in MARTS.values() for one in rows
    ]


def test_the_manifest_counts_and_hashes_every_file(stage: Stage, files: Path) -> None:
    stage.fill(**MARTS)
    stage.run()
    manifest = json.loads((files / "manifest.json").read_text())
    assert manifest["events"] == 43
    assert len(manifest["files"]) == 5
    for file in manifest["files"]:
        content = (files / file["name"]).read_bytes()
        assert file["bytes"] == len(content)
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["events"] == len(gzip.decompress(content).splitlines())


def test_a_run_that_breaks_off_leaves_a_manifest_of_what_is_there(
    stage: Stage, files: Path
) -> None:
    stage.fill(**MARTS)
    (files / "3-events" / "2024-03-02").parent.mkdir(parents=True)
    (files / "3-events" / "2024-03-02").write_text("in the way")
    result = stage.run()
    assert result.returncode == 1
    assert "3-events/2024-03-02/000001.jsonl.gz cannot be written" in one_line(result.stderr)
    manifest = json.loads((files / "manifest.json").read_text())
    written = [str(path.relative_to(files)) for path in sorted(files.rglob("*.jsonl.gz"))]
    assert [file["name"] for file in manifest["files"]] == written
    assert shown(result.stdout, "events accepted") == str(manifest["events"])


def test_a_second_run_writes_only_what_is_new(stage: Stage, files: Path) -> None:
    stage.fill(events=EVENTS)
    stage.run()
    before = {path: path.read_bytes() for path in files.rglob("*.jsonl.gz")}
    stage.fill(events=[*EVENTS, row(500, timestamp="2024-03-01 01:00:00")])
    result = stage.run()
    assert shown(result.stdout, "events accepted") == "1"
    assert len(lines(files)) == 41
    assert before.items() <= {path: path.read_bytes() for path in files.rglob("*.jsonl.gz")}.items()
    assert (files / "3-events/2024-03-01/000002.jsonl.gz").exists()


def test_a_file_that_no_ledger_knows_is_written_again_in_its_place(
    stage: Stage, files: Path
) -> None:
    """A run that was killed after the file and before the record leaves just that."""
    stage.fill(events=EVENTS)
    stage.run()
    (ledger,) = (stage.data_dir / "delivery").glob("jsonl-*.duckdb")
    ledger.unlink()
    stage.run()
    assert len(lines(files)) == 40


def test_a_run_that_was_killed_and_run_again_writes_the_files_of_one_that_was_not(
    stage: Stage, files: Path, tmp_path: Path
) -> None:
    stage.fill(
        aliases=[row(1_000)],
        events=[row(n, timestamp=str(FIRST.date() + timedelta(days=n))) for n in range(60)],
        persons=[row(1_001)],
    )
    for written in (5, 30):
        with stage.start() as process:
            until(lambda enough=written: len(contents(files)) > enough)  # type: ignore[misc]
            process.kill()
            process.communicate()
        assert process.returncode == -signal.SIGKILL
    assert stage.run().returncode == 0
    assert stage.run(LOAD_TARGET=str(tmp_path / "undisturbed")).returncode == 0
    assert contents(files) == contents(tmp_path / "undisturbed")


def test_a_bucket_is_as_good_as_a_folder(stage: Stage, files: Path) -> None:  # noqa: ARG001
    stage.fill(events=EVENTS)
    assert stage.run(LOAD_TARGET="memory://bucket/folder").returncode == 0
    bucket = fsspec.filesystem("memory")
    assert len(bucket.find("/bucket/folder/3-events")) == 2
    assert json.loads(bucket.cat("/bucket/folder/manifest.json"))["events"] == 40


def test_a_target_that_cannot_be_written_to_is_one_line(stage: Stage, files: Path) -> None:
    files.write_text("a file")
    stage.fill(events=EVENTS)
    result = stage.run()
    assert result.returncode == 1
    assert "cannot be written" in one_line(result.stderr)
    assert "LOAD_TARGET" in one_line(result.stderr)


def test_files_need_a_target_and_nothing_else(stage: Stage, files: Path) -> None:  # noqa: ARG001
    result = stage.run(LOAD_TARGET="")
    assert result.returncode == 1
    assert "LOAD_TARGET is not set" in one_line(result.stderr)
