"""Windows: ranges of whole UTC hours, as the Export API counts them, with both ends inclusive.

Pure. The hours are those of `server_upload_time`: an event that arrives late lands in a later hour,
so an hour that Amplitude has finished never grows.
Source: https://amplitude.com/docs/apis/analytics/export
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)
DAY_HOURS = 24
_MOST_HOURS = 365 * DAY_HOURS
# Amplitude keeps what came before by day: hours of such a day cannot be had one by one.
_HOURLY_SINCE = datetime(2014, 11, 12, tzinfo=UTC)
_STAMP = "%Y%m%dT%H"


@dataclass(frozen=True, order=True)
class Window:
    """The hours from `first` to `last`, both included; each is the start of a UTC hour."""

    first: datetime
    last: datetime

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"a window cannot end ({self.last}) before it starts ({self.first})")

    def __str__(self) -> str:
        return f"{self.first:%Y-%m-%dT%H}..{self.last:%Y-%m-%dT%H}"

    @property
    def name(self) -> str:
        """The name of its file in the archive, without a suffix."""
        return f"{self.start}_{self.end}"

    @property
    def start(self) -> str:
        """The API's `start` parameter."""
        return self.first.strftime(_STAMP)

    @property
    def end(self) -> str:
        """The API's `end` parameter."""
        return self.last.strftime(_STAMP)

    @property
    def size(self) -> int:
        """How many hours it has."""
        return (self.last - self.first) // HOUR + 1

    @property
    def is_indivisible(self) -> bool:
        """Whether Amplitude has nothing smaller: an hour, or a day from before it kept hours."""
        return self.size == 1 or self.first < _HOURLY_SINCE

    @property
    def is_askable(self) -> bool:
        """Whether it is whole UTC hours, and no more of them than Amplitude gives at once."""
        whole = all(
            hour.utcoffset() == timedelta()
            and hour == hour.replace(minute=0, second=0, microsecond=0)
            for hour in (self.first, self.last)
        )
        return whole and self.size <= _MOST_HOURS

    def cut(self, size: int) -> "tuple[Window, Window | None]":
        """Its first hours, at most `size`, and what is left; whole if it is indivisible."""
        if size >= self.size or self.is_indivisible:
            return self, None
        border = self.first + size * HOUR
        return Window(self.first, border - HOUR), Window(border, self.last)

    def hours(self) -> Iterator[datetime]:
        """Each hour, in order."""
        hour = self.first
        while hour <= self.last:
            yield hour
            hour += HOUR


def parse_hour(text: str, *, end: bool = False) -> datetime:
    """Read `YYYY-MM-DD` or `YYYY-MM-DDTHH` as a UTC hour; a bare day means its first or last hour.

    Raises:
        ValueError: the text is neither.
    """
    for form, missing in (("%Y-%m-%dT%H", 0), ("%Y-%m-%d", 23 if end else 0)):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC) + missing * HOUR
        except ValueError:
            continue
    raise ValueError(f"{text!r} is not a UTC day (2024-01-31) or hour (2024-01-31T05)")


def last_complete_hour(now: datetime) -> datetime:
    """The newest hour that Amplitude has finished: floor(now - 2 h) - 1 h."""
    return (now.astimezone(UTC) - 3 * HOUR).replace(minute=0, second=0, microsecond=0)


def missing_windows(wanted: Window, archived: Iterable[Window]) -> list[Window]:
    """The hours of `wanted` that no archived window covers, as windows of at most one UTC day.

    Days that Amplitude keeps only as days are asked for as a whole.
    """
    covered = {hour for window in archived for hour in window.hours()}
    missing = (hour for hour in wanted.hours() if hour not in covered)
    return join_hours({whole for hour in missing for whole in _with_its_day(hour)})


def join_hours(hours: Iterable[datetime]) -> list[Window]:
    """The fewest windows that are these hours exactly, none longer than its UTC day."""
    windows: list[Window] = []
    for hour in sorted(hours):
        newest = windows[-1] if windows else None
        if newest and hour - newest.last == HOUR and hour.date() == newest.last.date():
            windows[-1] = Window(newest.first, hour)
        else:
            windows.append(Window(hour, hour))
    return windows


def _with_its_day(hour: datetime) -> Iterable[datetime]:
    if hour >= _HOURLY_SINCE:
        return [hour]
    midnight = hour.replace(hour=0)
    return (midnight + number * HOUR for number in range(DAY_HOURS))
