"""What goes is cut into queries that are neither tiny nor huge, and keeps its order."""

from hypothesis import given
from hypothesis import strategies as st

from load.outbox import MOST_PORTIONS, into_parts, portion_rows


@given(st.integers(0, 10**6), st.integers(0, 10_000), st.integers(1, 3_000))
def test_parts_cover_each_row_once_in_order(first: int, rows: int, most: int) -> None:
    covered = first
    for part in into_parts(first, first + rows, most):
        assert part["first"] == covered
        assert 1 <= part["last"] + 1 - part["first"] <= most
        covered = part["last"] + 1
    assert covered == first + rows


@given(st.integers(0, 10**12))
def test_a_mart_is_looked_through_a_few_times_however_many_events_go(going: int) -> None:
    assert len(list(into_parts(0, going, portion_rows(going)))) <= MOST_PORTIONS
