from datetime import UTC, datetime, timedelta

import pytest

from extract.archive import Export
from extract.raw import RawTables
from extract.revisions import count_changes, revisions, second_looks
from extract.tables import EVENTS
from extract.windows import HOUR, Window

FIRST = datetime(2024, 1, 5, tzinfo=UTC)
LONG_AFTER = FIRST + timedelta(days=300)


def export(first: int, last: int, revision: int = 1, fetched_at: datetime = LONG_AFTER) -> Export:
    """The answer for some hours, counted from the first."""
    window = Window(FIRST + first * HOUR, FIRST + last * HOUR)
    name = f"{first}-{last}.r{revision}.zip"
    return Export(name, window, revision, "loaded", "", 1, fetched_at, 1)


FILE = Export("files/x", None, 1, "loaded", "", 1, LONG_AFTER, 1)


def hours(windows: list[Window]) -> list[int]:
    return [(hour - FIRST) // HOUR for window in windows for hour in window.hours()]


def test_the_newest_revision_of_each_hour_counts_and_files_have_none() -> None:
    found = revisions([export(0, 2), export(2, 3, 2), export(3, 3, 3), FILE])
    assert [found[FIRST + hour * HOUR] for hour in range(4)] == [1, 1, 2, 3]
    assert len(found) == 4


@pytest.mark.parametrize(
    ("archived", "lookback", "looks"),
    [
        ([], 3, []),
        ([FILE], 3, []),
        ([export(0, 23)], 0, []),
        ([export(0, 23)], 3, [21, 22, 23]),
        ([export(0, 22), export(23, 23)], 3, [21, 22, 23]),
        ([export(0, 1)], 3, [0, 1]),
        ([export(0, 23), export(21, 23, 2)], 3, []),
        ([export(0, 23), export(22, 22, 2)], 3, [21, 23]),
        ([export(0, 23), export(21, 23, 2), export(24, 24)], 3, [24]),
        ([export(0, 20), export(23, 25)], 4, [23, 24, 25]),
    ],
)
def test_the_last_hours_are_looked_at_twice_and_once_only(
    archived: list[Export], lookback: int, looks: list[int]
) -> None:
    assert hours(second_looks(archived, lookback)) == looks


def test_an_hour_that_was_young_when_it_was_fetched_is_due_until_it_was_asked_again() -> None:
    """A run that was killed, or a look that failed, is made up for."""
    young = export(0, 9, fetched_at=FIRST + 12 * HOUR + timedelta(minutes=30))
    assert hours(second_looks([young, export(10, 99)], 3)) == [7, 8, 9, 97, 98, 99]
    assert hours(second_looks([young, export(7, 9, 2), export(10, 99)], 3)) == [97, 98, 99]


def test_changes_are_told_by_uuid_within_the_hours_asked_again(raw: RawTables) -> None:
    day = "2024-01-05"
    before = [("a", f"{day} 04:59:59"), ("b", f"{day} 05:00:00"), ("c", f"{day}T06:10:00.5Z")]
    after = [("c", f"{day} 06:10:00.500000"), ("d", f"{day} 05:30:00"), (None, f"{day} 05:31:00")]
    insert(raw, "0-23.r1.zip/member", [*before, ("z", "2024-01-04 05:00:00")])
    look = export(5, 6, 2)
    insert(raw, f"{look.file}/member", after)
    assert count_changes(raw, [look]) == (1, 1)


def insert(raw: RawTables, export_file: str, events: list[tuple[str | None, str]]) -> None:
    blank = dict.fromkeys(EVENTS.columns)
    rows = [
        {**blank, "export_file": export_file, "uuid": uuid, "server_upload_time": time}
        for uuid, time in events
    ]
    raw.insert_rows(EVENTS, rows)
