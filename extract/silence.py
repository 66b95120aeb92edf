"""Silence: hours that hold next to nothing between busy ones are asked for once more.

An answer that lacks events looks like any other; only the hours around can show it. An hour is
silent if it holds less than a tenth of what its two neighbours hold, at least 20 events each. Two
hours in a row can be silent together; a longer quiet is a night. If the second answer is as silent
as the first, its export is `suspicious`.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from extract.amplitude_api import AmplitudeApi
from extract.archive import Archive, Export
from extract.downloads import Downloads, fetch_windows
from extract.members import unpack
from extract.raw import RawTables
from extract.revisions import revisions
from extract.settings import ExtractSettings
from extract.windows import HOUR, Window

_TIMES_LESS = 10
_BUSY_EVENTS = 20
# An hour alone, with the one after it, with the one before it.
_SPANS = ((0 * HOUR, 0 * HOUR), (0 * HOUR, HOUR), (-HOUR, 0 * HOUR))
_REACH_HOURS = 2
_COUNTS = """
with events as (
    select
        replace(left(server_upload_time, 13), 'T', ' ') as hour,
        split_part(export_file, '/', 1) as file
    from raw.events
    where
        -- Lets DuckDB skip most of the table; `~` comes after whatever follows a day.
        server_upload_time between list_min($1) and list_max($1) || '~'
        and left(server_upload_time, 10) in (select unnest($1))
),
answers as (select hour, file, count(*) as events from events group by hour, file)
select hour, max(events) from answers where file <> 'files' group by hour
"""


def silent_hours(events: Mapping[datetime, int]) -> list[datetime]:
    """Those of some archived hours, each with its number of events, that are silent."""
    return [
        hour
        for hour in sorted(events)
        if any(_is_silent(events, hour + back, hour + ahead) for back, ahead in _SPANS)
    ]


def _is_silent(events: Mapping[datetime, int], first: datetime, last: datetime) -> bool:
    """Whether these two hours, or this one, hold next to nothing beside their neighbours."""
    held = max(events.get(first, 0), events.get(last, 0))
    usual = min(events.get(first - HOUR, 0), events.get(last + HOUR, 0))
    return usual >= _BUSY_EVENTS and held * _TIMES_LESS < usual


def ask_silent_hours(
    raw: RawTables,
    archive: Archive,
    api: AmplitudeApi,
    fresh: Sequence[Export],
    settings: ExtractSettings,
) -> Downloads:
    """Ask again for what is silent near exports that were just loaded; each hour once for ever."""
    if not fresh:
        return Downloads()
    archived = archive.exports()
    events = _count_events(raw, _near(fresh, archived))
    silent = set(silent_hours(events)) - _asked_alone(archived)
    windows = [Window(hour, hour) for hour in sorted(silent)]
    downloads = fetch_windows(windows, archived, archive, api, settings.extract_concurrency)
    downloads.exports = [_judge(e, events, archive, raw.scratch) for e in downloads.exports]
    return downloads


def _near(fresh: Iterable[Export], archived: Iterable[Export]) -> set[datetime]:
    """The archived hours of these exports, and those that it takes to judge the ones beside."""
    margin = 2 * _REACH_HOURS * HOUR
    spans = [Window(e.window.first - margin, e.window.last + margin) for e in fresh if e.window]
    return {hour for span in spans for hour in span.hours()} & revisions(archived).keys()


def _asked_alone(archived: Iterable[Export]) -> set[datetime]:
    return {
        export.window.first
        for export in archived
        if export.window and export.window.size == 1 and export.revision > 1
    }


def _count_events(raw: RawTables, hours: set[datetime]) -> dict[datetime, int]:
    """The events of each hour in the answer that holds most of them; duplicates count."""
    days = sorted({f"{hour:%Y-%m-%d}" for hour in hours})
    found = dict(raw.query(_COUNTS, days)) if days else {}
    return {hour: found.get(f"{hour:%Y-%m-%d %H}", 0) for hour in hours}


def _judge(
    export: Export, events: Mapping[datetime, int], archive: Archive, scratch: Path
) -> Export:
    """Suspect the answer for an hour that is as silent as before."""
    if export.window is None:
        return export
    hour = export.window.first
    lines = _count_lines(export, archive, scratch)
    still_silent = hour in silent_hours({**events, hour: max(events[hour], lines)})
    return archive.suspect(export) if still_silent else export


def _count_lines(export: Export, archive: Archive, scratch: Path) -> int:
    if not export.has_data:
        return 0
    try:
        return sum(member.lines for member in unpack(archive.path(export), export.file, scratch))
    finally:
        shutil.rmtree(scratch)
