import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from extract.errors import FileUnreadable
from extract.journal import Journal
from extract.profile_api import Profile
from extract.raw import RawTables
from extract.subjects import Subject

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
COUNT = "select count(*) from raw.user_profiles"


def profile(number: int, text: str | None = '{"userData":{}}') -> Profile:
    subject = Subject("user_id", f"user {number}")
    return Profile(subject, "found", text, NOON + timedelta(microseconds=number))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "profiles"


@pytest.fixture
def journal(folder: Path) -> Journal:
    return Journal(folder, max_lines=3)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_answer_is_on_disk_before_the_next_is_asked_for(folder: Path, journal: Journal) -> None:
    journal.append(profile(1))
    journal.append(profile(2))
    (path,) = folder.iterdir()
    assert path.name == "20260105T120000.000001Z.ndjson"
    assert [json.loads(line)["user_id"] for line in path.read_text().splitlines()] == [
        "user 1",
        "user 2",
    ]
    journal.finish()


def test_a_file_is_full_after_so_many_lines_and_the_next_begins_another(
    folder: Path, journal: Journal
) -> None:
    for number in range(5):
        journal.append(profile(number))
        if journal.is_full:
            journal.finish()
    journal.finish()
    assert [len(path.read_text().splitlines()) for path in sorted(folder.iterdir())] == [3, 2]


def test_rows_come_back_from_the_journal_as_they_were(raw: RawTables, journal: Journal) -> None:
    texts = [None, "", '{"a": "é🫖\\u0000 it\'s \\"quoted\\""}', '"' + "x" * 3_000_000 + '"']
    for number, text in enumerate(texts):
        journal.append(profile(number, text))
    device = Subject("device_id", "é\0 ")
    journal.append(Profile(device, "not found", None, NOON))
    journal.finish()
    journal.load(raw)
    assert raw.query(
        "select user_id, device_id, found, user_data, fetched_at at time zone 'UTC' "
        "from raw.user_profiles order by user_id nulls last"
    ) == [
        *(
            (f"user {n}", None, True, text, NOON.replace(tzinfo=None, microsecond=n))
            for n, text in enumerate(texts)
        ),
        (None, "é\0 ", False, None, NOON.replace(tzinfo=None)),
    ]


def test_a_file_is_loaded_once(raw: RawTables, folder: Path, journal: Journal) -> None:
    journal.load(raw)
    for number in range(2):
        journal.append(profile(number))
        journal.finish()
        journal.load(raw)
    Journal(folder).load(raw)
    assert raw.query(COUNT) == [(2,)]


def test_half_a_line_is_cut_off_and_the_rest_is_kept(
    raw: RawTables, folder: Path, journal: Journal
) -> None:
    journal.append(profile(1))
    journal.finish()
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole + whole[: len(whole) // 2])
    (folder / "20260105T130000.000000Z.ndjson").write_bytes(b'{"snap')
    (folder / "20260105T140000.000000Z.ndjson").write_bytes(b"")

    Journal(folder).load(raw)

    assert names(folder) == [path.name]
    assert path.read_bytes() == whole
    assert raw.query(COUNT) == [(1,)]


@pytest.mark.parametrize("line", ["{}", "[]", "none"])
def test_a_damaged_file_is_one_line(raw: RawTables, folder: Path, line: str) -> None:
    folder.mkdir(parents=True)
    (folder / "a.ndjson").write_text(line + "\n")
    with pytest.raises(FileUnreadable, match=r"a\.ndjson is no journal of profiles"):
        Journal(folder).load(raw)


def test_a_refresh_that_was_not_ended_goes_on(folder: Path, journal: Journal) -> None:
    began = journal.begin_refresh()
    assert Journal(folder).begin_refresh() == began
    journal.end_refresh()
    journal.end_refresh()
    assert journal.begin_refresh() > began
