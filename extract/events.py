"""Archive → `raw.events`, `raw.merged_users`, `raw.bad_lines`, `raw.exports`.

A package of exports is loaded in three steps: the rows, parsed by DuckDB; then, for members whose
rows do not add up to their lines, the bad lines; then, when every line is accounted for, a row per
export in `raw.exports`. Killed between any two, the next run does the rest.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from extract.archive import Export
from extract.errors import ExtractError
from extract.keys import BAGS, COLUMNS, KEYS
from extract.lines import BadLine, describe, repair
from extract.members import Member, numbered
from extract.merges import merges_sql
from extract.ndjson import lines_of
from extract.raw import RawTables, literal
from extract.tables import BAD_LINES, EVENTS, EXPORTS, MERGED_USERS

_TALLY = """
with names as (select unnest(from_json(?, '["VARCHAR"]')) as name),
found as (
    select export_file, server_upload_time
    from raw.events
    where export_file in (from names)
    union all
    select export_file, null
    from raw.merged_users
    where export_file in (from names)
),
counted as (
    select
        export_file,
        count(*) as found,
        min(server_upload_time) as first_upload,
        max(server_upload_time) as last_upload
    from found
    group by export_file
),
bad_lines as (
    select export_file, count(*) as bad_lines
    from raw.bad_lines
    where export_file in (from names) and not repaired
    group by export_file
)
select export_file, coalesce(found, 0), coalesce(bad_lines, 0), first_upload, last_upload
from counted
full join bad_lines using (export_file)
"""


@dataclass(frozen=True)
class Unpacked:
    """An export with its members, checked and laid out on disk."""

    export: Export
    members: list[Member]


@dataclass(frozen=True)
class _Tally:
    """What of a member has arrived in raw; times are Amplitude's text."""

    rows: int = 0
    bad_lines: int = 0
    first_upload: str | None = None
    last_upload: str | None = None

    @property
    def lines(self) -> int:
        """The lines accounted for; a repaired line is a row."""
        return self.rows + self.bad_lines


def load_package(raw: RawTables, package: Sequence[Unpacked]) -> None:
    """Load some exports; what an earlier run already brought in is left out.

    Raises:
        ExtractError: rows and bad lines do not add up to the lines that were counted.
    """
    members = [member for unpacked in package for member in unpacked.members]
    bad_lines = {m.name: _bad_lines(raw, m) for m in members if m.has_lone_surrogate}
    _insert_bad_lines(raw, bad_lines)
    for table, content, sql in _CONTENTS:
        if files := list(_files([m for m in members if m.content == content], bad_lines)):
            raw.insert(table, sql(files))
    if incomplete := _incomplete(members, _tally(raw, members)):
        _insert_bad_lines(raw, {m.name: _bad_lines(raw, m) for m in incomplete})
    tallies = _tally(raw, members)
    _check(members, tallies)
    rows = [_export_row(unpacked, tallies) for unpacked in package]
    raw.insert_rows(EXPORTS, rows)


def loaded_files(raw: RawTables) -> set[str]:
    """The archive's files whose every line is accounted for."""
    return {file for (file,) in raw.query("select file from raw.exports")}


def events_sql(files: Sequence[tuple[Path, str]]) -> str:
    """The query that turns NDJSON files, each with its `export_file`, into rows of `raw.events`.

    The common row, all keys in Amplitude's order, costs one comparison to show that it has no
    others; only a different row pays for the patch that removes the known keys.
    """
    shape = ", ".join(f'"{key}": "{"JSON" if key in BAGS else "VARCHAR"}"' for key in KEYS)
    nothing = ", ".join(f'"{key}": null' for key in KEYS)
    keys = ", ".join(map(literal, KEYS))
    columns = ",\n    ".join(f'row."{key}"::varchar as "{COLUMNS[key]}"' for key in KEYS)
    names = ", ".join(f"({literal(str(path))}, {literal(name)})" for path, name in files)
    return f"""
with lines as (
    select json as line, filename
    from {lines_of([path for path, _ in files])}
    where json_type(json) = 'OBJECT'
),
parsed as (
    select
        json_transform(line, '{{{shape}}}') as row,
        case
            when json_keys(line) = [{keys}] then null
            else nullif(json_merge_patch(line, '{{{nothing}}}')::varchar, '{{}}')
        end as extra,
        filename
    from lines
)
select
    {columns},
    extra,
    export_file
from parsed
inner join (values {names}) as names (path, export_file) on parsed.filename = names.path
"""


_CONTENTS = ((EVENTS, "events", events_sql), (MERGED_USERS, "merges", merges_sql))


def _files(
    members: Sequence[Member], bad_lines: Mapping[str, Sequence[BadLine]]
) -> Iterator[tuple[Path, str]]:
    """Each member's file, and a second one with its repaired lines where there are any."""
    for member in members:
        yield member.path, member.name
        numbers = {bad.line_number for bad in bad_lines.get(member.name, ()) if bad.repaired}
        if numbers:
            path = member.path.with_name(f"{member.path.name}.repaired.json")
            mended = (repair(line) for _, n, line in numbered(member.path) if n in numbers)
            path.write_bytes(b"\n".join(filter(None, mended)))
            yield path, member.name


def _bad_lines(raw: RawTables, member: Member) -> list[BadLine]:
    """The lines that DuckDB cannot read as an object, with the reasons in words."""
    rows = raw.query(
        "select position from (select row_number() over () as position, json "
        f"from {lines_of([member.path])}) where coalesce(json_type(json), '') <> 'OBJECT' "
        "order by position"
    )
    positions = {position for (position,) in rows}
    return [
        describe(line_number, line)
        for position, line_number, line in numbered(member.path)
        if position in positions
    ]


def _insert_bad_lines(raw: RawTables, bad_lines: Mapping[str, Sequence[BadLine]]) -> None:
    rows = [
        {"export_file": export_file, **asdict(line)}
        for export_file, lines in bad_lines.items()
        for line in lines
    ]
    raw.insert_rows(BAD_LINES, rows)


def _tally(raw: RawTables, members: Sequence[Member]) -> dict[str, _Tally]:
    """Count what has arrived, per member."""
    names = [member.name for member in members]
    # As one text: DuckDB binds a list a hundred times more slowly.
    listed = json.dumps(names)
    rows = raw.query(_TALLY, listed)
    return dict.fromkeys(names, _Tally()) | {name: _Tally(*facts) for name, *facts in rows}


def _incomplete(members: Sequence[Member], tallies: Mapping[str, _Tally]) -> list[Member]:
    """The members whose lines are not all accounted for."""
    return [member for member in members if tallies[member.name].lines != member.lines]


def _check(members: Sequence[Member], tallies: Mapping[str, _Tally]) -> None:
    for member in _incomplete(members, tallies):
        raise ExtractError(
            f"{member.name} has {member.lines} lines, but {tallies[member.name].lines} arrived "
            "in raw: it does not count as loaded. Run `just extract` again."
        )


def _export_row(unpacked: Unpacked, tallies: Mapping[str, _Tally]) -> dict[str, object]:
    export = unpacked.export
    found = [tallies[member.name] for member in unpacked.members]
    return {
        "window_start": export.window and export.window.first,
        "window_end": export.window and export.window.last,
        "revision": export.revision,
        "status": export.status,
        "file": export.file,
        "sha256": export.sha256,
        "bytes": export.bytes,
        "members": len(unpacked.members),
        "lines": sum(member.lines for member in unpacked.members),
        "bad_lines": sum(tally.bad_lines for tally in found),
        "first_server_upload_time": min(
            filter(None, (t.first_upload for t in found)), default=None
        ),
        "last_server_upload_time": max(filter(None, (t.last_upload for t in found)), default=None),
        "fetched_at": export.fetched_at,
        "attempts": export.attempts,
    }
