from datetime import UTC, datetime

import pytest

from extract.amplitude_api import AmplitudeApi
from extract.archive import Archive
from extract.downloads import Downloads, download
from extract.errors import CredentialsRefused, ExtractError
from extract.settings import ExtractSettings
from sandbox.amplitude import Amplitude
from tests.extract.conftest import KEY, Stage, World

NOW = datetime(2025, 3, 4, 8, 59, tzinfo=UTC)
DAYS = [("20250303T00", "20250303T23"), ("20250304T00", "20250304T05")]
FILES = ["20250303T00_20250303T23.zip", "20250304T00_20250304T05.zip"]


def downloaded(stage: Stage, archive: Archive, **settings: str) -> Downloads:
    """Download what is missing, three hours after the world ended, without waiting."""
    stage.requests.clear()
    given = (stage.settings | settings).items()
    found = ExtractSettings.model_validate({name.lower(): text for name, text in given if text})
    return download(archive, AmplitudeApi(found, sleep=lambda _: None), found, NOW)


def archived(archive: Archive) -> list[str]:
    return [export.file for export in archive.exports()]


def test_each_day_of_the_range_is_a_window(stage: Stage, archive: Archive) -> None:
    downloads = downloaded(stage, archive)
    assert stage.windows() == DAYS
    assert archived(archive) == FILES
    assert (downloads.asked, len(downloads.exports), downloads.failures) == (2, 2, [])


def test_what_is_archived_is_not_asked_for_again(stage: Stage, archive: Archive) -> None:
    downloaded(stage, archive)
    assert downloaded(stage, archive).asked == 0
    assert stage.requests == []


def test_a_later_range_goes_on_where_the_archive_ends(stage: Stage, archive: Archive) -> None:
    silent = "2025-03-03T10"
    assert downloaded(stage, archive, EXTRACT_FROM=silent, EXTRACT_TO=silent).failures == []
    downloaded(stage, archive, EXTRACT_FROM="", EXTRACT_TO="")
    assert stage.windows() == [("20250303T11", "20250303T23"), DAYS[1]]
    assert archived(archive) == [
        "20250303T10_20250303T10.empty",
        "20250303T11_20250303T23.zip",
        "20250304T00_20250304T05.zip",
    ]


def test_hours_that_are_not_complete_are_left_for_the_next_run(
    stage: Stage, archive: Archive, capsys: pytest.CaptureFixture[str]
) -> None:
    downloaded(stage, archive, EXTRACT_TO="2025-03-31")
    assert stage.windows() == DAYS
    assert "Hours after 2025-03-04T05 are not complete yet" in capsys.readouterr().err


def test_a_refused_window_is_named_and_alone_asked_for_again(
    stage: Stage, archive: Archive
) -> None:
    stage.refused = DAYS[0][0]
    (failure,) = downloaded(stage, archive).failures
    assert "refused 2025-03-03T00..2025-03-03T23: status 400, Too large." in str(failure)
    assert archived(archive) == FILES[1:]

    stage.refused = ""
    assert downloaded(stage, archive).failures == []
    assert stage.windows() == DAYS[:1]
    assert archived(archive) == FILES


def test_wrong_keys_stop_the_other_windows(stage: Stage, archive: Archive, world: World) -> None:
    stage.amplitude = Amplitude(world.folder, KEY, "the-right-secret", region="eu")
    with pytest.raises(CredentialsRefused, match=r"AMPLITUDE_REGION \(us\)"):
        downloaded(stage, archive, EXTRACT_FROM="2023-01-01")
    assert_few_were_asked(stage, archive)


def test_a_wrong_address_stops_the_other_windows(stage: Stage, archive: Archive) -> None:
    url = stage.settings["AMPLITUDE_EXPORT_URL"].replace("/api/2/", "/api/1/")
    with pytest.raises(ExtractError, match="check AMPLITUDE_EXPORT_URL"):
        downloaded(stage, archive, EXTRACT_FROM="2023-01-01", AMPLITUDE_EXPORT_URL=url)
    assert_few_were_asked(stage, archive)


def assert_few_were_asked(stage: Stage, archive: Archive) -> None:
    assert len(stage.requests) < 100
    archive.remove_partials()
    assert [path for path in archive.folder.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"EXTRACT_FROM": "", "EXTRACT_TO": ""}, "EXTRACT_FROM is not set"),
        ({"EXTRACT_FROM": "2025-03-04T06", "EXTRACT_TO": ""}, "No hour of the range is complete"),
    ],
)
def test_no_range_is_one_line(
    stage: Stage, archive: Archive, settings: dict[str, str], words: str
) -> None:
    with pytest.raises(ExtractError, match=words):
        downloaded(stage, archive, **settings)
    assert stage.requests == []
