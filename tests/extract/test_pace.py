from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import pytest

from extract.pace import Pace, StoppedError, sleep_until


@dataclass
class Clock:
    """A clock that only sleep moves."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_requests_are_spaced_evenly(clock: Clock) -> None:
    pace = Pace(120, clock.time, clock.sleep)
    starts = []
    for _ in range(4):
        pace.take()
        starts.append(clock.now)
    assert starts == [100.0, 100.5, 101.0, 101.5]


def test_time_that_was_not_used_is_not_saved_up(clock: Clock) -> None:
    pace = Pace(60, clock.time, clock.sleep)
    pace.take()
    clock.now += 30
    for _ in range(3):
        pace.take()
    assert clock.slept == [1.0, 1.0]


def test_silence_is_kept_by_all_and_they_go_on_one_after_another(clock: Clock) -> None:
    pace = Pace(60, clock.time, clock.sleep)
    pace.hold(40)
    pace.hold(10)
    pace.take()
    assert clock.now == 140
    pace.take()
    assert clock.now == 141


def test_a_shorter_silence_than_the_spacing_changes_nothing(clock: Clock) -> None:
    pace = Pace(60, clock.time, clock.sleep)
    pace.take()
    pace.hold(0)
    pace.take()
    assert clock.now == 101


def test_who_waits_goes_home_when_the_run_stops() -> None:
    stop = Event()
    sleep = sleep_until(stop)
    sleep(0.0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sleep, 3600)
        stop.set()
        with pytest.raises(StoppedError):
            waiting.result(timeout=30)
