"""What goes is cut into queries that are neither tiny nor huge, and keeps its order."""

from hypothesis import given
from hypothesis import strategies as st

from load.outbox import SLICE_ROWS, into_slices


@given(st.integers(0, 10**6), st.integers(0, 10 * SLICE_ROWS))
def test_slices_cover_each_row_once_in_order(first: int, rows: int) -> None:
    covered = first
    for part in into_slices(first, first + rows):
        assert part["first"] == covered
        assert 1 <= part["last"] + 1 - part["first"] <= SLICE_ROWS
        covered = part["last"] + 1
    assert covered == first + rows
