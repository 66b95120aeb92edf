from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extract.sizes import Remaining, WindowSize
from extract.windows import HOUR, Window, missing_windows

FIRST = datetime(2024, 1, 5, tzinfo=UTC)
SMALL, LARGE = 1 << 20, 1 << 30


def window(hours: int, start: datetime = FIRST) -> Window:
    return Window(start, start + (hours - 1) * HOUR)


def test_the_first_request_is_a_day() -> None:
    assert WindowSize.learnt([]).hours == 24


def test_a_refused_size_is_halved_down_to_one_hour() -> None:
    size = WindowSize()
    seen = []
    for _ in range(6):
        size.refuse(window(size.hours))
        seen.append(size.hours)
    assert seen == [12, 6, 3, 1, 1, 1]


def test_of_several_refused_at_the_same_size_only_the_first_counts() -> None:
    size = WindowSize()
    for _ in range(4):
        size.refuse(window(24))
    assert size.hours == 12


def test_the_size_grows_up_to_a_day_while_answers_are_small() -> None:
    size = WindowSize(1)
    seen = []
    for _ in range(6):
        size.accept(window(size.hours), SMALL)
        seen.append(size.hours)
    assert seen == [2, 4, 8, 16, 24, 24]


def test_large_answers_and_windows_cut_short_do_not_make_it_grow() -> None:
    size = WindowSize(6)
    size.accept(window(6), LARGE)
    size.accept(window(5), SMALL)
    assert size.hours == 6


def test_a_limit_met_again_and_again_is_met_ever_more_seldom() -> None:
    size, answers = WindowSize(), []
    for _ in range(4):
        size.refuse(window(24))
        answers.append(0)
        while size.hours < 24:
            size.accept(window(size.hours), SMALL)
            answers[-1] += 1
    assert answers == [2, 4, 8, 16]


def days(*sizes: int) -> Iterable[Window]:
    """Windows of these sizes, one after another, the first at midnight."""
    start = FIRST
    for size in sizes:
        yield window(size, start)
        start += size * HOUR


@pytest.mark.parametrize(
    ("archived", "hours"),
    [
        (days(24, 24, 24), 24),
        (days(24, 24, 12, 12), 12),
        (days(24, 6, 6, 6, 6, 3, 3), 3),
        (days(24, 24, 7), 24),
        (days(12, 12, 24, 24, 24, 24, 24), 24),
        ([window(5), window(5, FIRST + 6 * HOUR)], 24),
    ],
)
def test_the_next_run_begins_with_the_size_that_worked(
    archived: Iterable[Window], hours: int
) -> None:
    assert WindowSize.learnt(archived).hours == hours


def test_a_refused_window_comes_back_in_halves_before_what_follows() -> None:
    remaining = Remaining([window(24), window(24, FIRST + timedelta(days=1))])
    day = remaining.take(24)
    remaining.give_back(day)
    assert [remaining.take(24).size for _ in range(3)] == [12, 12, 24]
    assert not remaining


@given(
    wanted=st.tuples(st.integers(-300, 0), st.integers(1, 200)),
    limit=st.integers(1, 30),
    answers=st.lists(st.sampled_from([SMALL, LARGE]), min_size=1),
)
def test_whatever_is_refused_the_answers_are_disjoint_and_cover_the_range(
    wanted: tuple[int, int], limit: int, answers: list[int]
) -> None:
    """The range begins before 2014-11-12, where windows are days and a refused one has failed."""
    start = datetime(2014, 11, 20, tzinfo=UTC) + wanted[0] * HOUR
    windows = missing_windows(window(wanted[1], start), [])
    remaining, size, settled = Remaining(windows), WindowSize(), list[Window]()
    while remaining:
        asked = remaining.take(size.hours)
        if asked.size > limit and not asked.is_indivisible:
            size.refuse(asked)
            remaining.give_back(asked)
        else:
            size.accept(asked, answers[len(settled) % len(answers)])
            settled.append(asked)
    hours = [hour for asked in settled for hour in asked.hours()]
    assert hours == [hour for part in windows for hour in part.hours()]
