"""What is pending is cut into queries that are neither tiny nor huge."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from load.outbox import SLICE_ROWS, into_slices

FIRST = date(2024, 3, 1)


@given(st.dictionaries(st.integers(0, 400), st.integers(1, 3 * SLICE_ROWS), max_size=60))
def test_slices_cover_each_day_once_in_order(rows: dict[int, int]) -> None:
    days = [(FIRST + timedelta(offset), rows[offset]) for offset in sorted(rows)]
    covered = []
    for first, last in into_slices(days):
        inside = [(day, count) for day, count in days if first <= day <= last]
        assert sum(count for _, count in inside) <= SLICE_ROWS or len(inside) == 1
        covered += inside
    assert covered == days
