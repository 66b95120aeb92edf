"""Revisions: hours that are asked for again, and what that changed.

Amplitude says when an hour is complete; a second look at the youngest hours shows whether it was.
Its answer is archived and loaded beside the first, and the events that both hold are duplicates.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from extract.archive import Export
from extract.raw import RawTables
from extract.windows import HOUR, Window, join_hours

# An hour is asked for when it is three hours old, so the youngest of an archive is never younger.
_COMPLETE_HOURS = 3
_DIFFERENCE = """
with held as (
    select
        uuid,
        bool_or(split_part(export_file, '/', 1) in (select unnest($1))) as is_answered,
        bool_or(split_part(export_file, '/', 1) not in (select unnest($1))) as was_held
    from raw.events
    where
        server_upload_time between list_min($2) and list_max($2) || '~'
        and replace(left(server_upload_time, 13), 'T', ' ') in (select unnest($3))
        and uuid is not null
    group by uuid
)
select
    count(*) filter (where is_answered and not was_held),
    count(*) filter (where was_held and not is_answered)
from held
"""


def revisions(archived: Iterable[Export]) -> dict[datetime, int]:
    """How often each archived hour was asked for; files exported earlier have no hours."""
    found: dict[datetime, int] = {}
    for export in archived:
        for hour in export.window.hours() if export.window else ():
            found[hour] = max(found.get(hour, 0), export.revision)
    return found


def second_looks(archived: Sequence[Export], lookback_hours: int) -> list[Window]:
    """The hours to ask for once more: the archive's last, and any that were as young when fetched.

    Hours that were asked for again already are left out.
    """
    asked = revisions(archived)
    if not asked or not lookback_hours:
        return []
    lookback = lookback_hours * HOUR
    newest = max(asked)
    due = (
        hour
        for export in archived
        if export.window
        for hour in export.window.hours()
        if hour > newest - lookback or export.fetched_at - hour < lookback + _COMPLETE_HOURS * HOUR
    )
    return join_hours(hour for hour in due if asked[hour] == 1)


def count_changes(raw: RawTables, looks: Sequence[Export]) -> tuple[int, int]:
    """The events that second looks added, and those that they no longer held, told by uuid."""
    hours = [hour for look in looks if look.window for hour in look.window.hours()]
    ((added, missing),) = raw.query(
        _DIFFERENCE,
        [look.file for look in looks],
        sorted({f"{hour:%Y-%m-%d}" for hour in hours}),
        [f"{hour:%Y-%m-%d %H}" for hour in hours],
    )
    return added, missing
