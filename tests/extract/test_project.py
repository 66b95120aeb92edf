"""Runs against an Amplitude that is late, silent or down, and what each run makes good."""

import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from extract.amplitude_api import AmplitudeApi
from extract.archive import Archive
from extract.project import Update, update
from extract.raw import RawTables
from extract.settings import ExtractSettings
from sandbox.export_faults import Members, changed, during, reorder, withhold
from sandbox.faults import answer, honest
from tests.extract.conftest import Stage, World

EXPORT = "/api/2/export"
NOW = datetime(2025, 3, 4, 8, 59, tzinfo=UTC)
EVENING = {"EXTRACT_FROM": "2025-03-04T03", "EXTRACT_LOOKBACK_HOURS": "3"}
EXPORTS = "select file, revision, status, lines from raw.exports order by file"
UUIDS = "select count(distinct uuid) from raw.events"


class Project:
    """A project that is brought up to date again and again, without waiting between attempts."""

    def __init__(self, stage: Stage, archive: Archive, raw: RawTables, scratch: Path) -> None:
        self.stage, self.archive, self.raw = stage, archive, raw
        self.faults = stage.faults
        self._settings = stage.settings | {"DATA_DIR": str(scratch)}

    def update(self, **settings: str) -> Update:
        """Run once, three hours after the world ended."""
        given = {name.lower(): text for name, text in (self._settings | settings).items()}
        found = ExtractSettings.model_validate(given)
        api = AmplitudeApi(found, sleep=lambda _: None)
        return update(self.raw, self.archive, api, found, NOW)

    def facts(self, **settings: str) -> dict[str, object]:
        """Run once, without a failure; returns the summary."""
        done = self.update(**settings)
        assert done.failures == []
        return done.facts

    def asked(self) -> list[tuple[str, str]]:
        """What was asked for since the last time."""
        windows = self.stage.windows()
        self.stage.requests.clear()
        return windows

    def number(self, sql: str) -> int:
        """One number from the warehouse."""
        ((number,),) = self.raw.query(sql)
        return int(number)

    def exports(self) -> list[tuple[Any, ...]]:
        """The rows of raw.exports."""
        return self.raw.query(EXPORTS)


@pytest.fixture
def project(stage: Stage, archive: Archive, raw: RawTables, tmp_path: Path) -> Project:
    return Project(stage, archive, raw, tmp_path)


def test_what_came_late_is_added_by_the_second_look_and_counted_by_uuid(project: Project) -> None:
    project.faults.once(EXPORT, changed(withhold), changed(reorder))
    project.facts(**EVENING)
    held = project.number(UUIDS)

    second = project.facts(**EVENING)
    assert project.number(UUIDS) > held
    assert (second["hours asked again"], second["missing since"]) == (3, 0)
    assert second["added since"] == project.number(UUIDS) - held

    project.asked()
    assert "hours asked again" not in project.facts(**EVENING)
    assert project.asked() == []


def test_what_is_gone_at_the_second_look_is_kept_and_told(project: Project) -> None:
    project.facts(**EVENING)
    held = project.number(UUIDS)
    project.faults.once(EXPORT, changed(withhold))
    second = project.facts(**EVENING)
    again = "select uuid from raw.events where export_file like '%.r2.%'"
    gone = f"{UUIDS} where uuid not in ({again} and uuid is not null)"
    assert (second["added since"], second["missing since"]) == (0, project.number(gone))
    assert project.number(gone) > 0
    assert project.number(UUIDS) == held


def without_eight_in_the_evening(members: Members) -> Members:
    return {name: content for name, content in members.items() if "_20#" not in name}


def test_an_hour_that_was_wrongly_silent_is_made_good_in_the_same_run(
    project: Project, world: World
) -> None:
    first_answer = changed(without_eight_in_the_evening)
    project.faults.once(EXPORT, first_answer, first_answer)
    facts = project.facts()
    assert project.asked() == [
        ("20250303T00", "20250303T23"),
        ("20250303T10", "20250303T10"),
        ("20250303T20", "20250303T20"),
        ("20250304T00", "20250304T05"),
    ]
    assert facts["suspicious hours"] == "1 (2025-03-03T10)"
    assert project.number("select sum(lines) from raw.exports") == world.truth.lines
    exports = project.exports()
    assert [export[:3] for export in exports if export[1] > 1] == [
        ("20250303T10_20250303T10.r2.empty", 2, "suspicious"),
        ("20250303T20_20250303T20.r2.zip", 2, "loaded"),
    ]

    assert project.facts()["suspicious hours"] == "1 (2025-03-03T10)"
    assert project.asked() == []
    assert project.exports() == exports


def nearly_without_eight_in_the_evening(members: Members) -> Members:
    """Of that hour each member has one line."""
    return members | {
        name: gzip.compress(gzip.decompress(content).split(b"\n")[0])
        for name, content in members.items()
        if "_20#" in name
    }


def test_an_hour_that_stays_nearly_empty_is_suspicious(project: Project) -> None:
    project.faults.always(EXPORT, changed(nearly_without_eight_in_the_evening))
    assert project.facts()["suspicious hours"] == "2 (2025-03-03T10, 2025-03-03T20)"
    ((status, lines),) = project.raw.query(
        "select status, lines from raw.exports where file = '20250303T20_20250303T20.r2.zip'"
    )
    assert status == "suspicious"
    assert 1 <= lines <= 3


def test_many_failures_are_told_in_a_few_lines_and_listed_in_raw(project: Project) -> None:
    project.faults.always(EXPORT, answer(400, b"Too large"))
    done = project.update()
    assert (len(done.failures), done.facts["windows failed"]) == (21, 30)
    assert str(done.failures[-1]) == (
        "10 more windows failed: raw.exports lists them, status 'failed'."
    )
    listed = "select count(distinct window_start) from raw.exports where status = 'failed'"
    assert project.number(listed) == 30
    assert project.archive.exports() == []


def facts(printed: str) -> dict[str, str]:
    """The lines of a printed summary, label to value."""
    lines = (line.strip().split("  ", 1) for line in printed.splitlines())
    return {line[0]: line[1].strip() for line in lines if len(line) == 2}


def test_a_failed_window_is_listed_and_the_next_run_asks_for_it_alone(
    stage: Stage, world: World
) -> None:
    stage.faults.always(EXPORT, during("20250303T05", answer(400, b"Too large")))
    result = stage.run()
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(
        "Error: Amplitude refused 2025-03-03T05..2025-03-03T05: status 400, Too large."
    )
    assert facts(result.stdout)["windows failed"] == "1"
    failed = "select window_start = window_end, revision, attempts from raw.exports where "
    assert stage.query(f"{failed} status = 'failed'") == [(True, 1, 1)]
    stage.requests.clear()

    assert stage.run().returncode == 1
    assert stage.windows() == [("20250303T05", "20250303T05")]

    stage.requests.clear()
    stage.faults.always(EXPORT, honest)
    result = stage.run()
    assert result.returncode == 0
    assert stage.windows() == [("20250303T05", "20250303T05")]
    assert facts(result.stdout)["lines in raw"] == f"{world.truth.lines:,}"
