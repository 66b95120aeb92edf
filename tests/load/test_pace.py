"""The rate holds over all lanes, silence is common, and Retry-After is read as it is meant."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event

import pytest

from load.pace import Pace, StoppedError, retry_after_seconds, sleep_until_stopped

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


@dataclass
class Time:
    """A clock that only moves when somebody sleeps."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def test_events_go_no_faster_than_the_rate(time: Time) -> None:
    pace = Pace(100, time.clock, time.sleep)
    for _ in range(61):
        pace.take(100)
    assert time.now == pytest.approx(160)


def test_the_first_events_go_at_once(time: Time) -> None:
    Pace(1, time.clock, time.sleep).take(2_000)
    assert time.now == 100


def test_a_late_lane_catches_up_by_one_second_at_most(time: Time) -> None:
    pace = Pace(100, time.clock, time.sleep)
    time.now += 3_600
    started = time.now
    for _ in range(11):
        pace.take(100)
    assert time.now - started == pytest.approx(9)


def test_silence_lasts_to_its_end_for_every_lane(time: Time) -> None:
    pace = Pace(1_000_000, time.clock, time.sleep)
    pace.hold(300)
    pace.hold(5)
    pace.take(1)
    assert time.now == pytest.approx(400)
    pace.take(1)
    assert time.now == pytest.approx(400)


def test_a_stopped_run_does_not_wait() -> None:
    stop = Event()
    sleep = sleep_until_stopped(stop)
    sleep(0)
    stop.set()
    with pytest.raises(StoppedError):
        sleep(3_600)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0),
        ("120", 120),
        ("1.5", 1.5),
        (" 7 ", 7),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("Fri, 01 Mar 2024 12:10:00 GMT", 600),
        ("Fri, 01 Mar 2024 11:00:00 GMT", 0),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds
