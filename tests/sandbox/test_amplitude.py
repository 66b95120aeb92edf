import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests

from sandbox.amplitude import Amplitude
from sandbox.export import write_exports
from sandbox.http import serving
from sandbox.world import Plan

KEYS = ("api-key", "secret-key")
PROFILE_KEY = {"Authorization": "Api-Key secret-key"}
EMPTY = "Raw data files were not found."


@dataclass(frozen=True)
class Project:
    """A served world."""

    url: str
    folder: Path

    def export(self, start: str, end: str) -> requests.Response:
        """Ask for a window with the right keys."""
        params = {"start": start, "end": end}
        return requests.get(f"{self.url}/api/2/export", params=params, auth=KEYS, timeout=10)

    def profile(self, **params: str) -> requests.Response:
        """Ask for a profile with the right key."""
        url = f"{self.url}/v1/userprofile"
        return requests.get(url, params=params, headers=PROFILE_KEY, timeout=10)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("project")
    write_exports(Plan(events=600), folder)
    with serving(Amplitude(folder, *KEYS).respond) as url:
        yield Project(url, folder)


def members(content: bytes) -> dict[str, bytes]:
    with ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_an_export_holds_the_members_of_all_hours_both_ends_included(project: Project) -> None:
    asked = sorted((project.folder / "exports").iterdir())[3:7]
    expected = [members(path.read_bytes()) for path in asked]

    answer = project.export(compact(asked[0]), compact(asked[-1]))

    assert answer.status_code == 200
    assert members(answer.content) == {
        name: data for hour in expected for name, data in hour.items()
    }


def compact(path: Path) -> str:
    """Write an hour as the API's parameters have it."""
    return path.stem.replace("-", "")


def test_one_window_asked_by_many_at_once_is_the_same_for_all(project: Project) -> None:
    windows = [("20250303T00", "20250304T23")] * 8
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda window: project.export(*window).content, windows))

    assert len(set(answers)) == 1
    assert len(list((project.folder / "responses").glob("*2025-03-03T00_2025-03-04T23*"))) == 1


@pytest.mark.parametrize(
    ("start", "end", "status", "text"),
    [
        ("20250303T16", "20250303T16", 404, EMPTY),
        ("20240101T00", "20240101T23", 404, EMPTY),
        ("20250304T00", "20250303T00", 400, "The start of the range is after its end."),
        ("20250303", "20250304", 400, "The start of the range is not YYYYMMDDTHH."),
        ("20250303T00", "20250303T24", 400, "The end of the range is not YYYYMMDDTHH."),
        ("20250303T00", "20260303T00", 400, "The range is longer than 365 days."),
    ],
)
def test_a_range_without_data_is_told_from_a_bad_one(
    project: Project, start: str, end: str, status: int, text: str
) -> None:
    answer = project.export(start, end)

    assert (answer.status_code, answer.text) == (status, text)


@pytest.mark.parametrize(
    ("path", "header", "status", "text"),
    [
        ("/api/2/export", {}, 401, "Unauthorized"),
        ("/api/2/export", {"Authorization": "Basic eDp5"}, 403, "Invalid API/Secret Key"),
        ("/v1/userprofile", {}, 401, "Missing Api-Key in Authorization header"),
        ("/v1/userprofile", {"Authorization": "Api-Key wrong"}, 401, "Invalid Api-Key"),
        ("/v1/userprofile", PROFILE_KEY, 400, "User id and device id not seen before"),
        ("/api/1/export", {}, 404, "Not Found"),
    ],
)
def test_wrong_keys_and_paths_are_refused(
    project: Project, path: str, header: dict[str, str], status: int, text: str
) -> None:
    answer = requests.get(f"{project.url}{path}", headers=header, timeout=10)

    assert answer.status_code == status
    assert text in answer.text


def test_the_region_of_europe_has_no_profiles(project: Project) -> None:
    with serving(Amplitude(project.folder, *KEYS, region="eu").respond) as url:
        answer = requests.get(f"{url}/v1/userprofile", headers=PROFILE_KEY, timeout=10)

    assert answer.status_code == 404


@pytest.fixture
def stored(project: Project) -> dict[str, object]:
    lines = (project.folder / "profiles.ndjson").read_text().splitlines()
    profiles: list[dict[str, object]] = [json.loads(line) for line in lines]
    return next(profile for profile in profiles if profile["user_id"])


def test_a_profile_holds_only_what_was_asked_for(
    project: Project, stored: dict[str, object]
) -> None:
    user_id = str(stored["user_id"])
    plain = project.profile(user_id=user_id).json()["userData"]
    full = project.profile(
        user_id=user_id, get_amp_props="true", get_cohort_ids="true", get_computations="true"
    ).json()["userData"]

    assert plain == {
        "user_id": user_id,
        "device_id": stored["device_id"],
        "amp_props": None,
        "cohort_ids": None,
        "recommendations": None,
    }
    assert full["cohort_ids"] == stored["cohort_ids"]
    assert full["amp_props"].items() > dict(stored["amp_props"]).items()  # type: ignore[call-overload]
    assert isinstance(full["amp_props"]["orders_in_30_days"], str)


def test_recommendations_and_propensities_are_answered_by_name(
    project: Project, stored: dict[str, object]
) -> None:
    asked = {"get_recs": "true", "rec_id": "r1,r2", "get_propensity": "true", "prediction_id": "p1"}
    answer = project.profile(device_id=str(stored["device_id"]), **asked).json()["userData"]

    assert [found["rec_id"] for found in answer["recommendations"]] == ["r1", "r2"]
    assert [found["pred_id"] for found in answer["propensities"]] == ["p1"]
    assert answer["propensity"] == stored["propensity"]


def test_a_device_of_nobodys_has_a_profile_of_its_own(project: Project) -> None:
    lines = (project.folder / "profiles.ndjson").read_text().splitlines()
    devices = [profile["device_id"] for profile in map(json.loads, lines) if not profile["user_id"]]
    answer = project.profile(device_id=devices[0], comp_id="orders_in_30_days,none").json()

    assert (answer["userData"]["user_id"], answer["userData"]["device_id"]) == (None, devices[0])
    assert answer["userData"]["amp_props"].keys() == {"orders_in_30_days", "none"}


def test_users_without_a_profile_were_not_seen_before(project: Project) -> None:
    persons = (project.folder / "persons.ndjson").read_text().splitlines()
    users = {person["user_id"] for person in map(json.loads, persons)} - {None}
    statuses = {project.profile(user_id=user).status_code for user in users}

    assert statuses == {200, 400}
