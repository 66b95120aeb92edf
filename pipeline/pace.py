"""One clock for all who send: how much may go, and when the other side wants silence."""

from collections.abc import Callable
from threading import Event, Lock

Sleep = Callable[[float], None]


class StoppedError(Exception):
    """The run is being stopped; what has not gone yet waits for the next one."""


def sleep_until_stopped(stop: Event) -> Sleep:
    """Return a sleep that ends with `StoppedError` as soon as `stop` is set."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise StoppedError

    return sleep


class Pace:
    """Spaces what goes so that `per_second` holds; threads share one, each waiting with `sleep`.

    Time that nobody used is saved up for at most `burst_seconds`.
    """

    def __init__(
        self,
        per_second: float,
        clock: Callable[[], float],
        sleep: Sleep,
        burst_seconds: float = 0.0,
    ) -> None:
        self.sleep = sleep
        self._per_second = per_second
        self._clock = clock
        self._burst_seconds = burst_seconds
        self._lock = Lock()
        self._next = clock()

    def take(self, count: int = 1) -> None:
        """Return when so many may go."""
        while (seconds := self._reserve(count)) > 0:
            self.sleep(seconds)

    def hold(self, seconds: float) -> None:
        """Let nobody go for so long from now."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)

    def _reserve(self, count: int) -> float:
        """Take the next turn if it has come; else say how long it is until then."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return self._next - now
            self._next = max(self._next, now - self._burst_seconds) + count / self._per_second
            return 0.0
