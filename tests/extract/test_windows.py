from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.windows import (
    HOUR,
    Window,
    join_hours,
    last_complete_hour,
    missing_windows,
    parse_hour,
)

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
    window = Window(NOON, NOON)
    assert list(window.hours()) == [NOON]
    assert (window.size, window.is_indivisible) == (1, True)


@pytest.mark.parametrize(
    ("first", "last", "askable"),
    [
        (NOON, NOON, True),
        (NOON, NOON + (365 * 24 - 1) * HOUR, True),
        (NOON, NOON + 365 * 24 * HOUR, False),
        (NOON.replace(minute=1), NOON + HOUR, False),
        (NOON, NOON.replace(second=1), False),
        (NOON.astimezone(timezone(timedelta(hours=1))), NOON, False),
        (NOON.replace(tzinfo=None), NOON.replace(tzinfo=None), False),
    ],
)
def test_only_whole_utc_hours_of_at_most_365_days_can_be_asked_for(
    first: datetime,
    last: datetime,
    askable: bool,  # noqa: FBT001
) -> None:
    assert Window(first, last).is_askable is askable


@given(start=st.integers(0, 20), size=st.integers(1, 60), cut=st.integers(1, 70))
def test_a_cut_window_and_its_rest_are_the_window(start: int, size: int, cut: int) -> None:
    window = Window(NOON + start * HOUR, NOON + (start + size - 1) * HOUR)
    first, rest = window.cut(cut)
    assert first.size == min(cut, size)
    assert [*first.hours(), *(rest.hours() if rest else ())] == list(window.hours())


EARLY = Window(datetime(2014, 11, 11, 20, tzinfo=UTC), datetime(2014, 11, 12, 3, tzinfo=UTC))


def test_days_before_amplitude_kept_hours_are_asked_for_whole_and_never_cut() -> None:
    day, night = missing_windows(EARLY, [])
    assert str(day) == "2014-11-11T00..2014-11-11T23"
    assert str(night) == "2014-11-12T00..2014-11-12T03"
    assert day.cut(1) == (day, None)
    assert night.cut(1)[0].size == 1
    assert missing_windows(EARLY, [day]) == [night]


@given(st.sets(st.integers(0, 100)))
def test_joined_hours_are_those_hours_and_no_window_passes_midnight(numbers: set[int]) -> None:
    hours = {NOON + number * HOUR for number in numbers}
    windows = join_hours(hours)
    assert [hour for window in windows for hour in window.hours()] == sorted(hours)
    assert all(window.first.date() == window.last.date() for window in windows)


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
