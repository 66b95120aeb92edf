"""Draws from an iterator on a thread of its own, one item ahead of whoever consumes them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


def drawn_ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield all `items`, which nobody else may draw; on leaving, the thread has ended."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
