"""One clock for all lanes: how many events may go, and when PostHog wants silence."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Event, Lock

BURST_SECONDS = 1.0  # how far a lane that came late may catch up

Sleep = Callable[[float], None]


class StoppedError(Exception):
    """The run is being stopped; what is not yet sent stays pending."""


def sleep_until_stopped(stop: Event) -> Sleep:
    """Return a sleep that ends with `StoppedError` as soon as `stop` is set."""

    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise StoppedError

    return sleep


class Pace:
    """A token bucket that hands out time slots; lanes share one."""

    def __init__(self, rate: float, clock: Callable[[], float], sleep: Sleep) -> None:
        """Allow `rate` events a second by `clock`, waiting with `sleep`."""
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        self._lock = Lock()
        self._next_slot = clock()
        self._silent_until = -math.inf

    def take(self, count: int) -> None:
        """Wait until `count` events may go."""
        self._sleep(self._reserve(count))
        while (seconds := self._silence()) > 0:
            self._sleep(seconds)

    def hold(self, seconds: float) -> None:
        """Keep all lanes silent for so long from now."""
        with self._lock:
            self._silent_until = max(self._silent_until, self._clock() + seconds)

    def _reserve(self, count: int) -> float:
        with self._lock:
            now = self._clock()
            slot = max(self._next_slot, now - BURST_SECONDS)
            self._next_slot = slot + count / self._rate
            return max(0.0, slot - now)

    def _silence(self) -> float:
        with self._lock:
            return self._silent_until - self._clock()


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date; `None` if it says nothing usable."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return _seconds_until(value, now)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _seconds_until(date: str, now: datetime) -> float | None:
    try:
        instant = parsedate_to_datetime(date)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return max(0.0, (instant - now).total_seconds())
