"""Windows: ranges of whole UTC hours, as the Export API counts them, with both ends inclusive.

Pure. The hours are those of `server_upload_time`: an event that arrives late lands in a later hour,
so hours that were archived once never need a second look to be complete.
Source: https://amplitude.com/docs/apis/analytics/export
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

HOUR = timedelta(hours=1)
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
    """The hours of `wanted` that no archived window covers, as windows of at most one UTC day."""
    covered = {hour for window in archived for hour in window.hours()}
    return list(_group([hour for hour in wanted.hours() if hour not in covered]))


def _group(hours: list[datetime]) -> Iterator[Window]:
    """Join consecutive hours of the same day."""
    if not hours:
        return
    first = hours[0]
    for hour, following in pairwise(hours):
        if following - hour != HOUR or following.date() != hour.date():
            yield Window(first, hour)
            first = following
    yield Window(first, hours[-1])
