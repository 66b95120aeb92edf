"""The journal: every answer of the User Profile API, in the archive before it is anywhere else.

    {DATA_DIR}/archive/profiles/20240105T101530.123456Z.ndjson   named by its first `fetched_at`
    {DATA_DIR}/archive/profiles/refresh                          when an unfinished refresh began

A line is a row of `raw.user_profiles`, written in one piece as soon as it is there: a killed run
loses what was in flight, and half a line is cut off by the next. A file is loaded when it is
finished, in one statement, and never appended to after that; so either all its rows are in raw or
none.
"""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from extract.errors import FileUnreadable
from extract.profile_api import Profile
from extract.raw import RawTables, literal
from extract.tables import USER_PROFILES
from pipeline.warehouse import make_folder

_MAX_LINES = 5_000
_FILES_PER_PACKAGE = 50
_LEAST_LINE_BYTES = 1 << 20
_COLUMNS = (
    "{snapshot: 'VARCHAR', user_id: 'VARCHAR', device_id: 'VARCHAR', found: 'BOOLEAN', "
    "user_data: 'VARCHAR', fetched_at: 'TIMESTAMPTZ'}"
)


class Journal:
    """The folder `{DATA_DIR}/archive/profiles`, written by one run at a time."""

    def __init__(self, folder: Path, max_lines: int = _MAX_LINES) -> None:
        self._folder, self._max_lines = make_folder(folder), max_lines
        self._file: IO[bytes] | None = None
        self._lines = 0
        for path in self._files():
            _cut_half_line(path)

    def append(self, profile: Profile) -> None:
        """Write an answer to disk."""
        if self._file is None:
            path = self._folder / f"{profile.fetched_at:%Y%m%dT%H%M%S.%fZ}.ndjson"
            self._file = path.open("xb")
        self._file.write(json.dumps(_row(profile)).encode() + b"\n")
        self._file.flush()
        self._lines += 1

    @property
    def is_full(self) -> bool:
        """Whether it is time to load."""
        return self._lines >= self._max_lines

    def finish(self) -> None:
        """End the file, so that it can be loaded; the next answer begins another."""
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._file.close()
        self._file, self._lines = None, 0

    def load(self, raw: RawTables) -> None:
        """Bring the finished files that `raw.user_profiles` does not hold into it.

        Raises:
            FileUnreadable: a file does not begin as a journal does.
            ExtractError: DuckDB could not read a line, or not write.
        """
        firsts = {path: _first_snapshot(path) for path in self._files()}
        known = "select snapshot from raw.user_profiles where snapshot in (select unnest(?))"
        loaded = set(raw.query(known, list(firsts.values())))
        pending = [path for path, first in firsts.items() if (first,) not in loaded]
        for start in range(0, len(pending), _FILES_PER_PACKAGE):
            raw.insert(USER_PROFILES, _rows_sql(pending[start : start + _FILES_PER_PACKAGE]))

    def begin_refresh(self) -> datetime:
        """When the refresh that is under way began: now, unless an earlier run left one behind."""
        if not self._refresh.exists():
            partial = self._refresh.with_suffix(".partial")
            partial.write_text(datetime.now(UTC).isoformat())
            partial.rename(self._refresh)
        return datetime.fromisoformat(self._refresh.read_text())

    def end_refresh(self) -> None:
        """Forget the refresh: it is done, or not wanted any more."""
        self._refresh.unlink(missing_ok=True)

    @property
    def _refresh(self) -> Path:
        return self._folder / "refresh"

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.ndjson"))


def _row(profile: Profile) -> dict[str, object]:
    fetched_at = profile.fetched_at.isoformat()
    device = "device " if profile.subject.kind == "device_id" else ""
    return {
        "snapshot": f"{device}{profile.subject.id} {fetched_at}",
        "user_id": None,
        "device_id": None,
        profile.subject.kind: profile.subject.id,
        "found": profile.outcome == "found",
        "user_data": profile.text,
        "fetched_at": fetched_at,
    }


def _rows_sql(paths: Sequence[Path]) -> str:
    """The query that reads journal files; DuckDB's buffers are no larger than the lines need."""
    longest = max(_LEAST_LINE_BYTES, *map(_longest_line, paths))
    names = ", ".join(literal(str(path)) for path in paths)
    return (
        f"select * from read_json([{names}], format = 'newline_delimited', "
        f"maximum_object_size = {longest}, columns = {_COLUMNS})"
    )


def _longest_line(path: Path) -> int:
    with path.open("rb") as file:
        return max(map(len, file))


def _first_snapshot(path: Path) -> str:
    with path.open("rb") as file:
        try:
            return str(json.loads(file.readline())["snapshot"])
        except (ValueError, KeyError, TypeError) as error:
            raise FileUnreadable(
                f"{path} is no journal of profiles ({error!r}): mend its first line, or delete it "
                "and run `just extract` again."
            ) from None


def _cut_half_line(path: Path) -> None:
    """Remove what a killed run was writing; a file of nothing else goes."""
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        file.seek(max(0, end - 1))
        if file.read() == b"\n":
            return
        file.seek(0)
        whole = file.read().rfind(b"\n") + 1
        file.truncate(whole)
    if whole == 0:
        path.unlink()
