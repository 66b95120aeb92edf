"""Sizes: how many hours to ask for at a time, learnt from what Amplitude refused and answered.

Pure. A request that is too large costs minutes before it is refused, one that is too small costs a
round trip. So the first request is a day; a refused one is halved; and after a few small answers
the size doubles. Each refusal doubles how many answers that takes: a limit that is met again and
again is met ever more seldom.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

from extract.windows import DAY_HOURS, HOUR, Window

# A sixteenth of what Amplitude gives at most: twice as much is far from any limit.
_SMALL_BYTES = 256 << 20
_NEWEST = 4


@dataclass
class WindowSize:
    """The size, in hours, of the next window."""

    hours: int = DAY_HOURS
    _patience: int = 1
    _small_answers: int = 0

    @classmethod
    def learnt(cls, archived: Iterable[Window]) -> Self:
        """The size that worked last: that of the newest window that its day did not end.

        Only the newest few windows count, for a project's traffic changes.
        """
        newest = sorted(archived)[-_NEWEST:]
        cut = [
            earlier.size
            for earlier, later in pairwise(newest)
            if later.first - earlier.last == HOUR and later.first.date() == earlier.last.date()
        ]
        return cls(cut[-1] if cut else DAY_HOURS)

    def refuse(self, window: Window) -> None:
        """Learn that a window was too large; of several in flight at a time the first counts."""
        half = max(1, window.size // 2)
        if half < self.hours:
            self.hours = half
            self._patience *= 2
        self._small_answers = 0

    def accept(self, window: Window, answer_bytes: int) -> None:
        """Learn that a window was answered; one cut short by its day or the range says nothing."""
        if answer_bytes > _SMALL_BYTES:
            self._small_answers = 0
        elif window.size >= self.hours:
            self._small_answers += 1
        if self._small_answers >= self._patience:
            self.hours = min(2 * self.hours, DAY_HOURS)
            self._small_answers = 0


class Remaining:
    """The hours still to be asked for; each is handed out once, or again in a smaller window."""

    def __init__(self, windows: Iterable[Window]) -> None:
        self._windows = deque(windows)

    def __bool__(self) -> bool:
        return bool(self._windows)

    def take(self, hours: int) -> Window:
        """The next window, of at most so many hours."""
        window, rest = self._windows.popleft().cut(hours)
        if rest:
            self._windows.appendleft(rest)
        return window

    def give_back(self, window: Window) -> None:
        """Put a refused window back as its two halves, whatever the size may be by then."""
        first, rest = window.cut(window.size // 2)
        self._windows.extendleft(part for part in (rest, first) if part)
