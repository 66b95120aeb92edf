"""The real command against a local Amplitude: what it brings, and what it says when it cannot."""

import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from extract.archive import Archive
from sandbox.amplitude import Amplitude
from tests.extract.conftest import KEY, SECRET, Stage, World, serving_stage

DAYS = [("20250303T00", "20250303T23"), ("20250304T00", "20250304T05")]
SILENT = ("20250303T10", "20250303T10")
TOTALS = "select count(*), sum(lines), sum(bad_lines) from raw.exports"


def totals(world: World) -> list[tuple[int, int, int]]:
    return [(3, world.truth.lines, world.truth.bad_lines)]


def shown(summary: str, label: str) -> str:
    """Return the value of one line of the summary."""
    (value,) = [
        line.split()[-1] for line in summary.splitlines() if line.strip().startswith(label + "  ")
    ]
    return value


def error_lines(errors: str) -> list[str]:
    """Return the lines that are errors; what else is on stderr is the progress."""
    assert "Traceback" not in errors
    assert KEY not in errors
    assert SECRET not in errors
    return [line for line in errors.splitlines() if line.startswith("Error: ")]


def one_line(errors: str) -> str:
    (line,) = error_lines(errors)
    assert errors.splitlines()[-1] == line
    return line


def archived(stage: Stage) -> list[str]:
    """Every file of the archive, or none."""
    folder = stage.data_dir / "archive"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, world: World) -> Iterator[Stage]:
    """A stage for several tests, with profiles."""
    with serving_stage(tmp_path_factory.mktemp("done"), world) as stage:
        stage.settings["EXTRACT_PROFILES"] = "true"
        yield stage


@pytest.fixture(scope="module")
def first(done: Stage) -> subprocess.CompletedProcess[str]:
    """Its first run."""
    return done.run()


def test_the_first_run_brings_everything(
    done: Stage, first: subprocess.CompletedProcess[str], world: World
) -> None:
    assert (first.returncode, error_lines(first.stderr)) == (0, [])
    assert done.windows() == [DAYS[0], SILENT, DAYS[1]]
    assert done.query(TOTALS) == totals(world)
    assert shown(first.stdout, "lines in raw") == str(world.truth.lines)
    assert shown(first.stdout, "bad lines") == str(world.truth.bad_lines)
    assert shown(first.stdout, "suspicious hours") == "(2025-03-03T10)"
    assert shown(first.stdout, "profiles fetched") == str(
        done.query("select count(*) from raw.user_profiles where found")[0][0]
    )


def test_no_secret_is_written_anywhere(
    done: Stage, first: subprocess.CompletedProcess[str]
) -> None:
    secrets = [KEY, SECRET, b64encode(f"{KEY}:{SECRET}".encode()).decode()]
    written = first.stdout + first.stderr
    assert [secret for secret in secrets if secret in written] == []
    files = [path for path in done.data_dir.rglob("*") if path.is_file()]
    parts = {path.relative_to(done.data_dir).parts[0] for path in files}
    assert {"archive", "dlt", "warehouse.duckdb"} <= parts
    for path in files:
        content = path.read_bytes()
        assert [secret for secret in secrets if secret.encode() in content] == []


@pytest.mark.usefixtures("first")
def test_a_second_run_asks_nothing_and_adds_nothing(done: Stage, world: World) -> None:
    asked = len(done.requests)
    second = done.run()
    assert (second.returncode, len(done.requests)) == (0, asked)
    assert shown(second.stdout, "windows fetched") == "0"
    assert shown(second.stdout, "profiles fetched") == "0"
    assert shown(second.stdout, "lines in raw") == str(world.truth.lines)
    assert done.query(TOTALS) == totals(world)


@pytest.mark.usefixtures("first")
def test_a_lost_warehouse_is_built_again_from_the_archive_but_for_what_is_damaged(
    done: Stage, world: World
) -> None:
    done.requests.clear()
    (done.data_dir / "warehouse.duckdb").unlink()
    path = done.data_dir / "archive" / "20250304T00_20250304T05.zip"
    flip(path)

    result = done.run(EXTRACT_PROFILES="false")
    assert (result.returncode, done.requests) == (1, [])
    assert f"Error: {path} has changed since it was archived" in one_line(result.stderr)
    assert done.query("select file, status from raw.exports order by file") == [
        ("20250303T00_20250303T23.zip", "loaded"),
        ("20250303T10_20250303T10.r2.empty", "suspicious"),
    ]
    assert done.query("select distinct export_file[:8] from raw.events") == [("20250303",)]

    path.unlink()
    (done.data_dir / "archive" / "records" / f"{path.name}.json").unlink()
    assert done.run(EXTRACT_PROFILES="false").returncode == 0
    assert done.windows() == DAYS[1:]
    assert done.query(TOTALS) == totals(world)


def flip(path: Path) -> None:
    """Damage one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


def test_files_exported_earlier_need_no_keys_and_no_server(stage: Stage, world: World) -> None:
    (world.folder / "exports" / "notes.txt").write_text("not an export")
    settings = {"AMPLITUDE_API_KEY": "", "AMPLITUDE_SECRET_KEY": ""}
    result = stage.run(EXTRACT_FILES=str(world.folder / "exports"), **settings)
    (world.folder / "exports" / "notes.txt").unlink()
    assert result.returncode == 0
    assert "notes.txt: neither events nor merged ids of Amplitude's; passed over." in result.stderr
    assert stage.requests == []
    assert shown(result.stdout, "lines in raw") == str(world.truth.lines)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"AMPLITUDE_API_KEY": ""}, ["AMPLITUDE_API_KEY not set", ".env", "EXTRACT_FILES"]),
        ({"EXTRACT_FROM": "03/03/2025"}, ["EXTRACT_FROM", "'03/03/2025' is not a UTC day"]),
        ({"EXTRACT_FROM": ""}, ["EXTRACT_FROM is not set", "2024-01-31"]),
        ({"EXTRACT_TO": "2025-03-02"}, ["EXTRACT_FROM (2025-03-03T00) is after", "swap"]),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(
    stage: Stage, settings: dict[str, str], words: list[str]
) -> None:
    result = stage.run(**settings)
    assert (result.returncode, result.stdout) == (1, "")
    line = one_line(result.stderr)
    assert [word for word in words if word not in line] == []
    assert stage.requests == []
    assert archived(stage) == []


def test_a_range_with_no_complete_hour_is_one_line(stage: Stage) -> None:
    today = f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H}"
    result = stage.run(EXTRACT_FROM=today, EXTRACT_TO="")
    assert result.returncode == 1
    assert "No hour of the range is complete" in one_line(result.stderr)
    assert stage.requests == []
    assert archived(stage) == []


def test_wrong_keys_or_the_wrong_region_stop_the_run_with_both_causes(
    stage: Stage, world: World
) -> None:
    stage.amplitude = Amplitude(world.folder, KEY, "the-right-secret", region="eu")
    result = stage.run(EXTRACT_FROM="2024-01-01")
    line = one_line(result.stderr)
    assert (result.returncode, result.stdout) == (1, "")
    assert "Invalid API/Secret Key combination" in line
    assert "AMPLITUDE_REGION (us)" in line
    assert len(stage.requests) < 20
    assert archived(stage) == []


def test_a_data_folder_that_cannot_be_written_is_one_line(stage: Stage) -> None:
    file = stage.data_dir / "file"
    file.write_text("a file where the folder should be")
    result = stage.run(DATA_DIR=str(file))
    assert result.returncode == 1
    assert "cannot be written to" in one_line(result.stderr)
    assert "set DATA_DIR" in one_line(result.stderr)
    assert stage.requests == []


def test_a_warehouse_that_another_process_holds_is_one_line(stage: Stage) -> None:
    with closing(duckdb.connect(stage.data_dir / "warehouse.duckdb")):
        result = stage.run()
    assert result.returncode == 1
    assert "is in use by process" in one_line(result.stderr)
    assert stage.requests == []


def test_a_warehouse_that_is_none_is_one_line(stage: Stage) -> None:
    (stage.data_dir / "warehouse.duckdb").write_text("not a database, though long enough" * 200)
    result = stage.run()
    assert result.returncode == 1
    assert "cannot be opened" in one_line(result.stderr)


def test_a_damaged_record_is_one_line(stage: Stage) -> None:
    record = Archive(stage.data_dir / "archive").folder / "records" / "x.zip.json"
    record.parent.mkdir()
    record.write_text("{")
    result = stage.run()
    assert result.returncode == 1
    assert f"{record} is damaged" in one_line(result.stderr)
    assert stage.requests == []
