"""What is going is cut into queries that are neither tiny nor huge."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from load.outbox import SLICE_ROWS, into_slices

FIRST = datetime.fromisoformat("2024-03-01")


@given(st.dictionaries(st.integers(0, 400), st.integers(1, 3 * SLICE_ROWS), max_size=60))
def test_slices_cover_each_hour_once_in_order(rows: dict[int, int]) -> None:
    hours = [(FIRST + timedelta(hours=offset), rows[offset]) for offset in sorted(rows)]
    covered = []
    for since, until in into_slices(hours):
        inside = [(hour, count) for hour, count in hours if since <= hour < until]
        assert sum(count for _, count in inside) <= SLICE_ROWS or len(inside) == 1
        covered += inside
    assert covered == hours
