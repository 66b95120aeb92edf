"""One clock for all who ask: how often a request may start, and when Amplitude wants silence."""

from collections.abc import Callable
from threading import Event, Lock

Sleep = Callable[[float], None]


class StoppedError(Exception):
    """The run is being stopped; what was not asked yet waits for the next one."""


def sleep_until(stop: Event) -> Sleep:
    """Return a sleep that ends with `StoppedError` as soon as `stop` is set."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise StoppedError

    return sleep


class Pace:
    """Spaces requests evenly, so that no more than `per_minute` start in a minute.

    Several threads share one; `sleep` is how each of them waits.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float], sleep: Sleep) -> None:
        self.sleep = sleep
        self._clock = clock
        self._interval = 60 / per_minute
        self._lock = Lock()
        self._next = clock()

    def take(self) -> None:
        """Return when the next request may start."""
        while (seconds := self._reserve()) > 0:
            self.sleep(seconds)

    def hold(self, seconds: float) -> None:
        """Let nobody start for so long from now."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)

    def _reserve(self) -> float:
        """Take the next start if it has come; else say how long it is until then."""
        with self._lock:
            now = self._clock()
            if now < self._next:
                return self._next - now
            self._next = now + self._interval
            return 0.0
