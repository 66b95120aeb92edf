"""The rate holds for all who share a pace, and silence is common."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event

import pytest

from pipeline.pace import Pace, StoppedError, sleep_until_stopped


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
    pace = Pace(2, clock.time, clock.sleep)
    starts = []
    for _ in range(4):
        pace.take()
        starts.append(clock.now)
    assert starts == [100.0, 100.5, 101.0, 101.5]


def test_time_that_was_not_used_is_not_saved_up(clock: Clock) -> None:
    pace = Pace(1, clock.time, clock.sleep)
    pace.take()
    clock.now += 30
    for _ in range(3):
        pace.take()
    assert clock.slept == [1.0, 1.0]


def test_silence_is_kept_by_all_and_they_go_on_one_after_another(clock: Clock) -> None:
    pace = Pace(1, clock.time, clock.sleep)
    pace.hold(40)
    pace.hold(10)
    pace.take()
    assert clock.now == 140
    pace.take()
    assert clock.now == 141


def test_a_shorter_silence_than_the_spacing_changes_nothing(clock: Clock) -> None:
    pace = Pace(1, clock.time, clock.sleep)
    pace.take()
    pace.hold(0)
    pace.take()
    assert clock.now == 101


def test_events_go_no_faster_than_the_rate(clock: Clock) -> None:
    pace = Pace(100, clock.time, clock.sleep, burst_seconds=1)
    for _ in range(61):
        pace.take(100)
    assert clock.now == pytest.approx(160)


def test_the_first_events_go_at_once(clock: Clock) -> None:
    Pace(1, clock.time, clock.sleep, burst_seconds=1).take(2_000)
    assert clock.now == 100


def test_a_late_lane_catches_up_by_one_second_at_most(clock: Clock) -> None:
    pace = Pace(100, clock.time, clock.sleep, burst_seconds=1)
    clock.now += 3_600
    started = clock.now
    for _ in range(11):
        pace.take(100)
    assert clock.now - started == pytest.approx(9)


def test_silence_lasts_to_its_end_for_every_lane(clock: Clock) -> None:
    pace = Pace(1_000_000, clock.time, clock.sleep, burst_seconds=1)
    pace.hold(300)
    pace.hold(5)
    pace.take(1)
    assert clock.now == pytest.approx(400)
    pace.take(1)
    assert clock.now == pytest.approx(400, abs=1e-5)


def test_who_waits_goes_home_when_the_run_stops() -> None:
    stop = Event()
    sleep = sleep_until_stopped(stop)
    sleep(0.0)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(sleep, 3600)
        stop.set()
        with pytest.raises(StoppedError):
            waiting.result(timeout=30)
