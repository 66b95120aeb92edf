"""PostHog's shape follows the seeds and the settings, also in a warehouse that is built already."""

import json
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dbt_project.settings import TransformSettings
from pipeline.errors import SettingError
from tests.conftest import environment, succeed
from tests.transform.test_incremental import export, line, tables_of

_ROOT = Path(__file__).parents[2]
_SESSION = 1704067200000
_LINES = [
    line(
        1,
        "2024-01-01 00:00:00",
        platform="Web",
        session_id=_SESSION,
        event_properties={"location": "/tea", "price": 5},
        user_properties={"utm_source": "mail", "plan": "free"},
    ),
    line(2, "2024-01-01 01:00:00", user_id="jane", user_properties={"plan": "pro"}),
    line(3, "2024-01-02 00:00:00", device_id="d3", amplitude_id=3, user_properties={"plan": "x"}),
    line(4, "2024-01-03 00:00:00", user_id="jane", user_properties={"plan": "late"}),
]
_SEEDS = {
    "event_names": 'Bought,purchase,false,"{""$event_type"":""buy""}",a purchase',
    "property_names": "event_properties,location,event,$current_url,3",
    "languages": "Elvish,xx",
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shape")
    (folder / "exports").mkdir()
    export(_LINES, folder / "exports" / "lines.ndjson")
    succeed("extract", folder, EXTRACT_FILES=str(folder / "exports"))
    return folder


@pytest.fixture
def folder(exported: Path, tmp_path: Path) -> Path:
    shutil.copy(exported / "warehouse.duckdb", tmp_path)
    return tmp_path


def sent(folder: Path, phase: str = "events") -> dict[str, dict[str, Any]]:
    """What a mart holds for PostHog, by the number of the line, else by distinct_id."""
    key = "right(uuid::varchar, 1)" if phase == "events" else "distinct_id"
    with closing(duckdb.connect(folder / "warehouse.duckdb", read_only=True)) as warehouse:
        rows = warehouse.sql(f"select {key}, properties from marts.posthog_{phase}").fetchall()
    return {key: json.loads(properties) for key, properties in rows}


def test_a_live_project_must_say_what_persons_keep() -> None:
    with pytest.raises(SettingError, match=r"^PERSON_PROPERTIES is not set.* choose set_once"):
        read(POSTHOG_LIVE_SINCE="2024-06-01")
    assert read(POSTHOG_LIVE_SINCE="2024-06-01", PERSON_PROPERTIES="set_once")


@pytest.mark.parametrize("text", ["2024-06-01", "2024-06-01T00:00", "2024-06-01T02:00:00+02:00"])
def test_the_cutover_is_a_moment_in_utc(text: str) -> None:
    settings = read(POSTHOG_LIVE_SINCE=text, PERSON_PROPERTIES="final")
    assert settings.environment["POSTHOG_LIVE_SINCE"] == "2024-06-01 00:00:00.000000"


def read(**settings: str) -> TransformSettings:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"PERSON_PROPERTIES": "", **settings}.items():
            patch.setenv(name, value)
        return TransformSettings.read()


def test_a_person_is_told_once_and_events_after_the_cutover_are_not_sent(folder: Path) -> None:
    succeed("dbt_project", folder)
    assert sent(folder)["2"]["$set"] == {"plan": "pro"}
    assert sent(folder, "persons")["jane"]["$set"] == {"plan": "late"}
    settings = {
        "PERSON_PROPERTIES": "final",
        "ANONYMOUS_PERSONS": "personless",
        "POSTHOG_LIVE_SINCE": "2024-01-03",
    }
    succeed("dbt_project", folder, **settings)
    events, persons = sent(folder), sent(folder, "persons")
    assert events.keys() == {"1", "2", "3"}
    assert not any("$set" in event for event in events.values())
    assert {number for number, event in events.items() if "$process_person_profile" in event} == {
        "3"
    }
    assert persons == {"jane": {"$set": {"plan": "pro"}, "$geoip_disable": True}}


def test_a_changed_seed_changes_what_was_built_before(folder: Path, tmp_path: Path) -> None:
    project = tmp_path / "project"
    for room in ("dbt_project", "pipeline"):
        shutil.copytree(_ROOT / room, project / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(_ROOT / "profiles.yml", project)
    transform(project, folder)
    before = sent(folder)["1"]
    for seed, row in _SEEDS.items():
        with (project / "dbt_project" / "seeds" / f"{seed}.csv").open("a") as file:
            file.write(f"{row}\n")
    transform(project, folder)
    after, grown = sent(folder)["1"], tables_of(folder)
    assert {name: after[name] for name in after.keys() - before.keys()} == {
        "$event_type": "buy",
        "$current_url": "/tea",
    }
    transform(
        project, folder, "build", "--quiet", "--full-refresh", "--exclude-resource-type", "test"
    )
    assert grown == tables_of(folder)


def transform(project: Path, folder: Path, *arguments: str) -> None:
    """Run a copy of the dbt project, whose seeds are its own."""
    done = subprocess.run(
        [sys.executable, "-m", "dbt_project", *arguments],
        cwd=project,
        env=environment(folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
