from datetime import UTC, datetime

import pytest

from extract.silence import silent_hours
from extract.windows import HOUR

FIRST = datetime(2024, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("events", "silent"),
    [
        ([100, 0, 100], [1]),
        ([100, 9, 100], [1]),
        ([100, 10, 100], []),
        ([1000, 9, 100], [1]),
        ([1000, 11, 100], []),
        ([20, 1, 20], [1]),
        ([20, 2, 20], []),
        ([19, 0, 19], []),
        ([100, 0, 0, 100], [1, 2]),
        ([100, 0, 0, 0, 100], []),
        ([100, 0, 3, 0, 100], []),
        ([0, 100, 100, 0], []),
        ([100, None, 0, 100], [2]),
        ([100, 0, None, None, 100], []),
        ([None, 0, 100], []),
        ([], []),
    ],
)
def test_an_hour_is_silent_between_busy_ones_and_not_at_night(
    events: list[int | None], silent: list[int]
) -> None:
    """The hours stand in a row; none is an hour that was not archived."""
    archived = {
        FIRST + number * HOUR: count for number, count in enumerate(events) if count is not None
    }
    assert [(hour - FIRST) // HOUR for hour in silent_hours(archived)] == silent
