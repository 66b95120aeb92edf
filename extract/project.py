"""One Amplitude project, brought up to date: what is missing, what is young, what was too quiet.

Each run downloads, loads and looks at what it loaded; hours that look wrong are asked for again.
What failed changes nothing: the next run finds it missing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from extract.amplitude_api import AmplitudeApi
from extract.archive import Archive, Export
from extract.downloads import download
from extract.errors import ExtractError, WindowFailed
from extract.failures import Failure, record_failures
from extract.packages import load_archive, pending_exports
from extract.raw import RawTables
from extract.revisions import count_changes
from extract.settings import ExtractSettings
from extract.silence import ask_silent_hours

_LISTED_FAILURES, _LISTED_HOURS = 20, 3
_SUSPICIOUS = """
select strftime(window_start at time zone 'UTC', '%Y-%m-%dT%H')
from raw.exports
where status = 'suspicious'
order by window_start
"""


@dataclass(frozen=True)
class Update:
    """What a run did, for the summary, and what it could not do."""

    facts: dict[str, object]
    failures: Sequence[ExtractError]


def update(
    raw: RawTables,
    archive: Archive,
    api: AmplitudeApi,
    settings: ExtractSettings,
    now: datetime,
) -> Update:
    """Download and load what Amplitude has and raw has not.

    Raises:
        ExtractError: Amplitude takes the keys for no window, or there is no range to ask for.
    """
    wanted, downloads = download(archive, api, settings, now)
    fresh = pending_exports(raw, archive)
    damaged = load_archive(raw, archive, raw.scratch)
    again = ask_silent_hours(raw, archive, api, fresh, settings)
    if again.exports:
        damaged = load_archive(raw, archive, raw.scratch)
    failures = [*downloads.failures, *again.failures]
    record_failures(raw, failures, now)
    facts: dict[str, object] = {"range (UTC hours)": str(wanted)}
    facts |= _windows([*downloads.exports, *again.exports], failures)
    facts |= _changes(raw, [export for export in fresh if export.revision > 1])
    return Update(facts | {"suspicious hours": _suspicious(raw)}, [*_errors(failures), *damaged])


def _windows(exports: Sequence[Export], failures: Sequence[Failure]) -> dict[str, object]:
    return {
        "windows fetched": sum(export.has_data for export in exports),
        "windows empty": sum(not export.has_data for export in exports),
        "windows failed": len(failures),
    }


def _changes(raw: RawTables, looks: Sequence[Export]) -> dict[str, object]:
    """What second looks brought; nothing is said where there were none."""
    if not looks:
        return {}
    added, missing = count_changes(raw, looks)
    hours = sum(look.window.size for look in looks if look.window)
    return {"hours asked again": hours, "added since": added, "missing since": missing}


def _suspicious(raw: RawTables) -> object:
    """How many hours are suspicious, of this run and of those before, and the first few."""
    hours = [hour for (hour,) in raw.query(_SUSPICIOUS)]
    if not hours:
        return 0
    more = ", ..." if len(hours) > _LISTED_HOURS else ""
    return f"{len(hours):,} ({', '.join(hours[:_LISTED_HOURS])}{more})"


def _errors(failures: Sequence[Failure]) -> list[WindowFailed]:
    """Why windows failed, the first of them in full."""
    errors = [failure.error for failure in failures]
    if len(errors) <= _LISTED_FAILURES:
        return errors
    rest = len(errors) - _LISTED_FAILURES
    return [
        *errors[:_LISTED_FAILURES],
        WindowFailed(f"{rest:,} more windows failed: raw.exports lists them, status 'failed'."),
    ]
