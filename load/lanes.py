"""Lanes run side by side, each one batch after another; outcomes come back to a single thread."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from threading import Event
from types import TracebackType
from typing import Self

from load.batches import Batch
from load.outcomes import Outcome

MAX_AHEAD = 2  # batches that a lane holds: one in flight, one ready

Deliver = Callable[[Batch], Outcome]
Delivered = tuple[Batch, Outcome]


class Lanes:
    """One worker thread a lane; `stop` ends all of them after the requests in flight."""

    def __init__(self, delivers: Sequence[Deliver], stop: Event) -> None:
        self._delivers = delivers
        self._stop = stop
        self._workers = [ThreadPoolExecutor(1) for _ in delivers]
        self._held = [0] * len(delivers)
        self._done: SimpleQueue[tuple[Batch, Future[Outcome]]] = SimpleQueue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._stop.set()
        for worker in self._workers:
            worker.shutdown()

    def __len__(self) -> int:
        return len(self._workers)

    def deliver(self, batches: Iterable[Batch]) -> Iterator[list[Delivered]]:
        """Yield what is done, as much as is there at a time; ends when no batch is in flight.

        The batches are drawn and the outcomes yielded on the caller's thread, so the store on
        either side needs no lock.
        """
        for batch in batches:
            while self._held[batch.lane] >= MAX_AHEAD:
                yield self._done_by_now()
            if self._stop.is_set():
                break
            self._submit(batch)
            if not self._done.empty():
                yield self._done_by_now()
        while any(self._held):
            yield self._done_by_now()

    def _submit(self, batch: Batch) -> None:
        self._held[batch.lane] += 1
        future = self._workers[batch.lane].submit(self._delivers[batch.lane], batch)
        future.add_done_callback(lambda done: self._done.put((batch, done)))

    def _done_by_now(self) -> list[Delivered]:
        """Wait for one batch, and take along the others that are done."""
        done = [self._next()]
        while not self._done.empty():
            done.append(self._next())
        return done

    def _next(self) -> Delivered:
        batch, future = self._done.get()
        self._held[batch.lane] -= 1
        return batch, future.result()
