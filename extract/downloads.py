"""Export API → archive: windows, a few at a time, of a size that is learnt on the way."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime

from extract.amplitude_api import AmplitudeApi
from extract.archive import Archive, Export
from extract.errors import ExtractError, WindowFailed, WindowTooLarge
from extract.failures import Failure
from extract.revisions import revisions, second_looks
from extract.settings import ExtractSettings
from extract.sizes import Remaining, WindowSize
from extract.windows import Window, last_complete_hour, missing_windows
from pipeline.errors import StoreError
from pipeline.terminal import note, progress


@dataclass
class Downloads:
    """What came of the windows that were asked for."""

    exports: list[Export] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)


def download(
    archive: Archive, api: AmplitudeApi, settings: ExtractSettings, now: datetime
) -> tuple[Window, Downloads]:
    """Archive every hour of the range that is not there yet; returns the range and what came.

    The hours that are due for a second look come first: killed after that, the run would take the
    new hours for the end of the archive.

    Raises:
        CredentialsRefused: Amplitude takes the keys for no window, so none is tried further.
        ExtractError: there is no range to ask for.
    """
    archived = archive.exports()
    windows = [export.window for export in archived if export.window]
    wanted = _range(windows, settings, now)
    downloads = Downloads()
    looks = second_looks(archived, settings.extract_lookback_hours)
    for some in (looks, missing_windows(wanted, windows)):
        found = fetch_windows(some, archived, archive, api, settings.extract_concurrency)
        downloads.exports += found.exports
        downloads.failures += found.failures
    return wanted, downloads


def fetch_windows(
    windows: Sequence[Window],
    archived: Sequence[Export],
    archive: Archive,
    api: AmplitudeApi,
    concurrency: int,
) -> Downloads:
    """Archive these windows, whole or in parts, beside what is `archived`; lists what failed.

    Raises:
        CredentialsRefused: as for `download`.
        StoreError: the disk is full, for example.
    """
    downloads = Downloads()
    if not windows:
        return downloads
    size = WindowSize.learnt(export.window for export in archived if export.window)
    requests = _Requests(archive, api, size, Remaining(windows), revisions(archived))
    hours = sum(window.size for window in windows)
    with progress("Downloading", hours, "hours") as advance:
        for outcome in requests.run(concurrency):
            if isinstance(outcome, Failure):
                downloads.failures.append(outcome)
            else:
                downloads.exports.append(outcome)
            advance(outcome.window.size if outcome.window else 0)
    return downloads


def _range(archived: Sequence[Window], settings: ExtractSettings, now: datetime) -> Window:
    """From EXTRACT_FROM, else from where the archive begins, to the last complete hour."""
    complete = last_complete_hour(now)
    first = settings.extract_from or min((window.first for window in archived), default=None)
    if first is None:
        raise ExtractError("EXTRACT_FROM is not set: name the first day to fetch, as 2024-01-31.")
    last = settings.extract_to or complete
    if last > complete:
        note(f"Hours after {complete:%Y-%m-%dT%H} are not complete yet: the next run gets them.")
        last = complete
    if first > last:
        raise ExtractError(
            f"No hour of the range is complete: it starts at {first:%Y-%m-%dT%H}, and the last "
            f"one that Amplitude has finished is {last:%Y-%m-%dT%H} (UTC)."
        )
    return Window(first, last)


@dataclass
class _Requests:
    """Windows in flight; each is cut when a slot is free, so a size learnt counts at once."""

    archive: Archive
    api: AmplitudeApi
    size: WindowSize
    remaining: Remaining
    revisions: Mapping[datetime, int]

    def run(self, concurrency: int) -> Iterator[Export | Failure]:
        in_flight: dict[Future[Export], Window] = {}
        # Refused or interrupted, the run ends after the windows in flight, not after all.
        with ThreadPoolExecutor(concurrency) as pool:
            while self.remaining or in_flight:
                while self.remaining and len(in_flight) < concurrency:
                    window = self.remaining.take(self.size.hours)
                    in_flight[pool.submit(self._fetch, window)] = window
                for request in wait(in_flight, return_when=FIRST_COMPLETED).done:
                    yield from self._settle(in_flight.pop(request), request)

    def _fetch(self, window: Window) -> Export:
        revision = self._revision(window)
        try:
            return self.archive.add_window(
                window, lambda path: self.api.fetch_export(window, path), revision
            )
        except OSError as error:
            raise StoreError(
                f"{self.archive.folder} could not be written to ({error.strerror or error}): "
                "make room, then run `just extract` again."
            ) from None

    def _settle(self, window: Window, request: Future[Export]) -> Iterator[Export | Failure]:
        """Learn from an answer; a window that was too large goes back in halves."""
        try:
            export = request.result()
        except WindowTooLarge as refusal:
            note(f"{refusal} Asking for less at a time.")
            self.size.refuse(window)
            self.remaining.give_back(window)
        except WindowFailed as error:
            yield Failure(window, self._revision(window), error)
        else:
            self.size.accept(window, export.bytes)
            yield export

    def _revision(self, window: Window) -> int:
        return 1 + max(self.revisions.get(hour, 0) for hour in window.hours())
