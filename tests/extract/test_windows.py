from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.windows import HOUR, Window, last_complete_hour, missing_windows, parse_hour

NOON = datetime(2024, 2, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "end", "hour"),
    [
        ("2024-01-31", False, datetime(2024, 1, 31, 0, tzinfo=UTC)),
        ("2024-01-31", True, datetime(2024, 1, 31, 23, tzinfo=UTC)),
        ("2024-01-31T05", False, datetime(2024, 1, 31, 5, tzinfo=UTC)),
        ("2024-01-31T05", True, datetime(2024, 1, 31, 5, tzinfo=UTC)),
        ("2024-02-29", True, datetime(2024, 2, 29, 23, tzinfo=UTC)),
    ],
)
def test_a_bare_day_means_its_first_or_last_hour(text: str, end: bool, hour: datetime) -> None:  # noqa: FBT001
    assert parse_hour(text, end=end) == hour


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2024-1-31T24", "2024-02-30", "31.01.2024", "20240131"),
        *("2024-01-31 05", "2024-01-31T05:00", "2024-01-31T05Z", "2024-01", "2024-01-31T"),
    ],
)
def test_anything_else_is_no_hour(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a UTC day \(2024-01-31\) or hour"):
        parse_hour(text)


@pytest.mark.parametrize(
    ("now", "hour"),
    [
        ("2024-01-31T12:00:00+00:00", "2024-01-31T09:00:00+00:00"),
        ("2024-01-31T12:59:59.999999+00:00", "2024-01-31T09:00:00+00:00"),
        ("2024-01-31T13:00:00+00:00", "2024-01-31T10:00:00+00:00"),
        ("2024-01-01T01:30:00+00:00", "2023-12-31T22:00:00+00:00"),
        ("2024-01-31T01:10:00+05:30", "2024-01-30T16:00:00+00:00"),
    ],
)
def test_the_last_complete_hour_is_three_hours_back(now: str, hour: str) -> None:
    assert last_complete_hour(datetime.fromisoformat(now)) == datetime.fromisoformat(hour)


def test_the_last_complete_hour_is_utc_wherever_the_clock_stands() -> None:
    abroad = timezone(timedelta(hours=-8))
    assert last_complete_hour(NOON.astimezone(abroad)) == last_complete_hour(NOON)


def test_a_window_is_written_as_the_api_and_as_people_read_it() -> None:
    window = Window(NOON, NOON + 25 * HOUR)
    assert (window.start, window.end) == ("20240228T12", "20240229T13")
    assert window.name == "20240228T12_20240229T13"
    assert str(window) == "2024-02-28T12..2024-02-29T13"


def test_a_window_cannot_end_before_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end"):
        Window(NOON, NOON - HOUR)


def test_a_window_of_one_hour_has_one_hour() -> None:
    assert list(Window(NOON, NOON).hours()) == [NOON]


def test_what_is_archived_is_not_asked_again() -> None:
    day = Window(parse_hour("2024-02-28"), parse_hour("2024-02-29", end=True))
    assert missing_windows(day, [day]) == []
    assert missing_windows(day, [Window(NOON, NOON + 13 * HOUR)]) == [
        Window(day.first, NOON - HOUR),
        Window(parse_hour("2024-02-29T02"), day.last),
    ]


spans = st.tuples(st.integers(-40, 120), st.integers(0, 60)).map(
    lambda span: Window(NOON + span[0] * HOUR, NOON + (span[0] + span[1]) * HOUR)
)


@given(wanted=spans, archived=st.lists(spans, max_size=4))
def test_windows_are_disjoint_and_cover_with_the_archived_ones_the_range_exactly(
    wanted: Window, archived: list[Window]
) -> None:
    windows = missing_windows(wanted, archived)
    asked = [hour for window in windows for hour in window.hours()]
    covered = {hour for window in archived for hour in window.hours()}

    assert asked == sorted(set(wanted.hours()) - covered)
    assert all(window.first.date() == window.last.date() for window in windows)
    assert all(
        later.first - earlier.last > HOUR or later.first.date() != earlier.last.date()
        for earlier, later in pairwise(windows)
    )
