"""The archive: every export, byte for byte as it came, and beside it a record of what it is.

    {DATA_DIR}/archive/20240105T00_20240105T23.zip                the body of one answer
    {DATA_DIR}/archive/20240105T21_20240105T23.r2.zip             some of its hours, asked again
    {DATA_DIR}/archive/20240106T00_20240106T03.empty              nothing for these hours
    {DATA_DIR}/archive/files/old/2019.json.gz                     exported earlier (EXTRACT_FILES)
    {DATA_DIR}/archive/records/20240105T00_20240105T23.zip.json   its record, written last

A file is written under a temporary name, synced and renamed, and its record follows in the same
way: a file with a record is whole, one without is downloaded again. The archive alone rebuilds
everything else.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from extract.errors import ExtractError, FileUnreadable
from extract.windows import Window
from pipeline.warehouse import make_folder

Status = Literal["loaded", "empty", "suspicious"]


@dataclass(frozen=True)
class Export:
    """One file of the archive; `window` is null for a file that was exported earlier.

    `status` is what the file is to become in `raw.exports`; times are UTC. `revision` counts from 1
    how often these hours were asked for.
    """

    file: str
    window: Window | None
    revision: int
    status: Status
    sha256: str
    bytes: int
    fetched_at: datetime
    attempts: int

    @property
    def has_data(self) -> bool:
        """Whether its file is Amplitude's, and not the marker of an empty window."""
        return self.window is None or self.bytes > 0


class Archive:
    """The folder `{DATA_DIR}/archive`."""

    def __init__(self, folder: Path) -> None:
        self.folder = make_folder(folder)

    def claim(self, project: str) -> None:
        """Note whose exports these are; whoever comes first to an empty archive owns it.

        Raises:
            ExtractError: the archive holds another project's.
        """
        owner = self.folder / "project"
        if owner.exists() and owner.read_text() == project:
            return
        if owner.exists() and self.exports():
            raise ExtractError(
                f"{self.folder} holds another Amplitude project's exports: give this one a "
                f"DATA_DIR of its own. (The same project under a new API key? Then delete {owner}.)"
            )
        _write_durably(owner, project)

    def remove_partials(self) -> None:
        """Delete what a killed run left half-written."""
        for partial in self.folder.rglob("*.partial"):
            # An imported file may be called so, too.
            if not self._record(partial.relative_to(self.folder).as_posix()).exists():
                partial.unlink()

    def exports(self) -> list[Export]:
        """Every export with a record, in the order of their names.

        Raises:
            FileUnreadable: a record is damaged, or its file is gone.
        """
        records = sorted((self.folder / "records").rglob("*.json"))
        # A folder that was imported may be called so, too.
        return [self._read(record) for record in records if record.is_file()]

    def path(self, export: Export) -> Path:
        """Where an export's bytes are."""
        return self.folder / export.file

    def verify(self, export: Export) -> None:
        """Compare an export's bytes with its record.

        Raises:
            FileUnreadable: they are not the bytes that were archived.
        """
        path = self.path(export)
        if digest(path) != export.sha256:
            raise FileUnreadable(
                f"{path} has changed since it was archived: delete it and "
                f"{self._record(export.file)}, then run `just extract` again."
            )

    def add_window(
        self, window: Window, fetch: Callable[[Path], tuple[bool, int]], revision: int = 1
    ) -> Export:
        """Archive a window; `fetch` writes its zip and returns whether it holds data, and attempts.

        Whatever `fetch` raises goes through, and the archive is as it was.
        """
        name = window.name if revision == 1 else f"{window.name}.r{revision}"
        partial = self.folder / f"{name}.partial"
        has_data, attempts = fetch(partial)
        if not has_data:
            partial.write_bytes(b"")
        path = self.folder / f"{name}.{'zip' if has_data else 'empty'}"
        return self._commit(partial, path, window, attempts, revision)

    def suspect(self, export: Export) -> Export:
        """Record that an export holds too little to be believed."""
        suspicious = replace(export, status="suspicious")
        self._write(suspicious)
        return suspicious

    def add_file(self, source: Path, name: str) -> Export:
        """Copy a file that was exported earlier to `files/{name}`."""
        partial = self.new_partial()
        shutil.copyfile(source, partial)
        return self.take_file(partial, name)

    def new_partial(self) -> Path:
        """Return a temporary name inside the archive, for a file that is being brought in."""
        return self.folder / f"{uuid4().hex}.partial"

    def take_file(self, partial: Path, name: str) -> Export:
        """Rename what was brought in under a temporary name to `files/{name}`."""
        path = self.folder / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self._record(f"files/{name}").parent.mkdir(parents=True, exist_ok=True)
        return self._commit(partial, path, None, 1)

    def _commit(
        self, partial: Path, path: Path, window: Window | None, attempts: int, revision: int = 1
    ) -> Export:
        sha256 = digest(partial)
        _rename_durably(partial, path)
        export = Export(
            file=path.relative_to(self.folder).as_posix(),
            window=window,
            revision=revision,
            status="empty" if path.suffix == ".empty" else "loaded",
            sha256=sha256,
            bytes=path.stat().st_size,
            fetched_at=datetime.now(UTC).replace(microsecond=0),
            attempts=attempts,
        )
        self._write(export)
        return export

    def _write(self, export: Export) -> None:
        record = self._record(export.file)
        record.parent.mkdir(parents=True, exist_ok=True)
        _write_durably(
            record, json.dumps(asdict(export), indent=2, default=datetime.isoformat) + "\n"
        )

    def _record(self, file: str) -> Path:
        return self.folder / "records" / f"{file}.json"

    def _read(self, record: Path) -> Export:
        try:
            export = _parse(json.loads(record.read_text()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise FileUnreadable(
                f"{record} is damaged ({error}): delete it and run `just extract` again."
            ) from None
        if not self.path(export).exists():
            raise FileUnreadable(
                f"{self.path(export)} is gone: put it back, or delete {record} "
                "and run `just extract` again."
            )
        return export


def digest(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _parse(record: dict[str, Any]) -> Export:
    hours = record.pop("window")
    window = Window(**{end: datetime.fromisoformat(hours[end]) for end in hours}) if hours else None
    fetched_at = datetime.fromisoformat(record.pop("fetched_at"))
    return Export(window=window, fetched_at=fetched_at, **record)


def _write_durably(path: Path, text: str) -> None:
    """Write a small file that is never seen half-written, however the run ends."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text)
    _rename_durably(partial, path)


def _rename_durably(partial: Path, path: Path) -> None:
    """Rename, with the file's bytes and the folder's entry both on disk before it returns."""
    _sync(partial)
    partial.rename(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
