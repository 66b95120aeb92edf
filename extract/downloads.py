"""Export API → archive: the windows that are missing, a few at a time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime

from extract.amplitude_api import AmplitudeApi
from extract.archive import Archive, Export
from extract.errors import ExtractError, WindowFailed
from extract.settings import ExtractSettings
from extract.windows import Window, last_complete_hour, missing_windows
from pipeline.terminal import note, progress


@dataclass
class Downloads:
    """What came of the windows that were asked for."""

    wanted: Window
    asked: int
    exports: list[Export] = field(default_factory=list)
    failures: list[WindowFailed] = field(default_factory=list)


def download(
    archive: Archive, api: AmplitudeApi, settings: ExtractSettings, now: datetime
) -> Downloads:
    """Archive every window of the range that is not there yet; failed windows are listed.

    Raises:
        CredentialsRefused: Amplitude takes the keys for no window, so none is tried further.
        ExtractError: there is no range to ask for.
    """
    archived = [export.window for export in archive.exports() if export.window]
    wanted = _range(archived, settings, now)
    windows = missing_windows(wanted, archived)
    downloads = Downloads(wanted, len(windows))
    with progress("Windows", len(windows), "windows") as advance:
        for outcome in _fetch(windows, archive, api, settings.extract_concurrency):
            advance(1)
            if isinstance(outcome, Export):
                downloads.exports.append(outcome)
            else:
                downloads.failures.append(outcome)
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


def _fetch(
    windows: Sequence[Window], archive: Archive, api: AmplitudeApi, concurrency: int
) -> Iterator[Export | WindowFailed]:
    pool = ThreadPoolExecutor(concurrency)
    try:
        requests = [pool.submit(_fetch_one, window, archive, api) for window in windows]
        yield from (_outcome(request) for request in as_completed(requests))
    finally:
        # Refused or interrupted, the run ends after the windows in flight, not after all.
        pool.shutdown(cancel_futures=True)


def _fetch_one(window: Window, archive: Archive, api: AmplitudeApi) -> Export:
    return archive.add_window(window, lambda path: api.fetch_export(window, path))


def _outcome(request: Future[Export]) -> Export | WindowFailed:
    try:
        return request.result()
    except WindowFailed as failure:
        return failure
