from datetime import UTC, datetime

import pytest

from extract.amplitude_api import AmplitudeApi
from extract.archive import Archive
from extract.downloads import Downloads, download
from extract.errors import CredentialsRefused, ExtractError
from extract.settings import ExtractSettings
from extract.windows import Window, parse_hour
from pipeline.errors import StoreError
from sandbox.amplitude import Amplitude
from sandbox.export_faults import during, over_bytes, over_hours
from sandbox.faults import Fault, answer, honest
from tests.extract.conftest import KEY, Stage, World

EXPORT = "/api/2/export"
RANGE = Window(parse_hour("2025-03-03"), parse_hour("2025-03-04T05"))
NOW = datetime(2025, 3, 4, 8, 59, tzinfo=UTC)
DAYS = [("20250303T00", "20250303T23"), ("20250304T00", "20250304T05")]
FILES = ["20250303T00_20250303T23.zip", "20250304T00_20250304T05.zip"]


def downloaded(stage: Stage, archive: Archive, **settings: str) -> Downloads:
    """Download what is missing, three hours after the world ended, without waiting."""
    stage.requests.clear()
    given = (stage.settings | settings).items()
    found = ExtractSettings.model_validate({name.lower(): text for name, text in given if text})
    return download(archive, AmplitudeApi(found, sleep=lambda _: None), found, NOW)[1]


def archived(archive: Archive) -> list[str]:
    return [export.file for export in archive.exports()]


def test_each_day_of_the_range_is_a_window(stage: Stage, archive: Archive) -> None:
    downloads = downloaded(stage, archive)
    assert stage.windows() == DAYS
    assert archived(archive) == FILES
    assert sorted(export.file for export in downloads.exports) == FILES
    assert downloads.failures == []


def test_what_is_archived_is_not_asked_for_again(stage: Stage, archive: Archive) -> None:
    downloaded(stage, archive)
    assert downloaded(stage, archive) == Downloads()
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


def test_a_failed_window_is_named_and_alone_asked_for_again(stage: Stage, archive: Archive) -> None:
    stage.faults.always(EXPORT, during("20250303T00", answer(503)))
    (failure,) = downloaded(stage, archive).failures
    assert (str(failure.window), failure.revision) == ("2025-03-03T00..2025-03-03T23", 1)
    assert "no answer for 2025-03-03T00..2025-03-03T23 in 6 attempts: status 503" in str(
        failure.error
    )
    assert archived(archive) == FILES[1:]

    stage.faults.always(EXPORT, honest)
    assert downloaded(stage, archive).failures == []
    assert stage.windows() == DAYS[:1]
    assert archived(archive) == FILES


@pytest.mark.parametrize("fault", [over_hours(5), over_hours(5, 504), over_bytes(60_000)])
def test_what_is_too_large_is_asked_for_in_halves_that_cover_the_range(
    stage: Stage, archive: Archive, fault: Fault
) -> None:
    stage.faults.always(EXPORT, fault)
    assert downloaded(stage, archive, EXTRACT_CONCURRENCY="2").failures == []
    windows = [export.window for export in archive.exports() if export.window]
    assert len(windows) > 5
    assert [hour for window in windows for hour in window.hours()] == list(RANGE.hours())


def test_the_size_that_worked_is_where_the_next_run_begins(stage: Stage, archive: Archive) -> None:
    stage.faults.always(EXPORT, over_hours(6))
    downloaded(stage, archive, EXTRACT_FROM="2025-03-03T12")
    downloaded(stage, archive, EXTRACT_CONCURRENCY="1")
    sizes = [(int(end[-2:]) - int(start[-2:])) + 1 for start, end in stage.windows()]
    assert max(sizes) <= 6


def test_one_hour_that_is_too_large_fails_alone(stage: Stage, archive: Archive) -> None:
    stage.faults.always(EXPORT, during("20250303T05", answer(400, b"Too large")))
    (failure,) = downloaded(stage, archive).failures
    assert failure.window == Window(parse_hour("2025-03-03T05"), parse_hour("2025-03-03T05"))
    assert "S3 export and set EXTRACT_FILES" in str(failure.error)
    windows = [export.window for export in archive.exports() if export.window]
    assert set(RANGE.hours()) - {hour for window in windows for hour in window.hours()} == {
        failure.window.first
    }


def test_the_last_hours_are_asked_for_once_more_and_only_once(
    stage: Stage, archive: Archive
) -> None:
    downloaded(stage, archive, EXTRACT_TO="2025-03-04T00", EXTRACT_LOOKBACK_HOURS="3")
    again = downloaded(stage, archive, EXTRACT_TO="2025-03-04T00", EXTRACT_LOOKBACK_HOURS="3")
    assert sorted((export.file, export.revision) for export in again.exports) == [
        ("20250303T22_20250303T23.r2.zip", 2),
        ("20250304T00_20250304T00.r2.zip", 2),
    ]
    more = downloaded(stage, archive, EXTRACT_TO="2025-03-04T00", EXTRACT_LOOKBACK_HOURS="3")
    assert (more, stage.requests) == (Downloads(), [])
    assert archived(archive) == [
        "20250303T00_20250303T23.zip",
        "20250303T22_20250303T23.r2.zip",
        "20250304T00_20250304T00.r2.zip",
        "20250304T00_20250304T00.zip",
    ]


def test_a_second_look_that_fails_is_a_failure_like_any_other(
    stage: Stage, archive: Archive
) -> None:
    downloaded(stage, archive)
    stage.faults.always(EXPORT, answer(500))
    (failure,) = downloaded(stage, archive, EXTRACT_LOOKBACK_HOURS="2").failures
    assert (str(failure.window), failure.revision) == ("2025-03-04T04..2025-03-04T05", 2)
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


def test_a_disk_that_takes_no_more_is_one_line(stage: Stage, archive: Archive) -> None:
    (archive.folder / f"{FILES[0].removesuffix('.zip')}.partial").symlink_to("/dev/full")
    with pytest.raises(StoreError, match=r"could not be written to \(No space left on device\)"):
        downloaded(stage, archive)
    assert not (archive.folder / FILES[0]).exists()


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
