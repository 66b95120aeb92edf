"""Merged-id files → `raw.merged_users`: which amplitude_id Amplitude merged into which, as text.

An export to a bucket has them beside the events; the Export API has none. Bad lines are kept as
those of events are.
"""

from collections.abc import Sequence
from pathlib import Path

from extract.ndjson import lines_of
from extract.raw import literal
from extract.tables import MERGED_USERS


def merges_sql(files: Sequence[tuple[Path, str]]) -> str:
    """The query that turns NDJSON files, each with its `export_file`, into merged ids."""
    columns = [column for column in MERGED_USERS.columns if column != "export_file"]
    values = ", ".join(f"line ->> '$.{column}' as {column}" for column in columns)
    names = ", ".join(f"({literal(str(path))}, {literal(name)})" for path, name in files)
    return f"""
select export_file, {values}
from (select json as line, filename from {lines_of([path for path, _ in files])})
inner join (values {names}) as names (path, export_file) on filename = names.path
where json_type(line) = 'OBJECT'
"""
