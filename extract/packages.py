"""Archive → raw, in packages of about a gigabyte of lines: unpack, load, clean up, again."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from extract.archive import Archive, Export
from extract.errors import FileUnreadable
from extract.events import Unpacked, load_package, loaded_files
from extract.members import unpack
from extract.raw import RawTables
from pipeline.terminal import progress

# A gigabyte of lines, at Amplitude's usual compression of 9:1.
_PACKAGE_BYTES = 120 << 20
# A bucket can hold an object for each minute of ten years.
_PACKAGE_FILES = 5_000


def load_archive(raw: RawTables, archive: Archive, scratch: Path) -> list[FileUnreadable]:
    """Load every export that `raw.exports` does not list; damaged ones are returned, not loaded."""
    pending = pending_exports(raw, archive)
    failures: list[FileUnreadable] = []
    with progress("Loading", len(pending), "files") as advance:
        for package in _packages(pending):
            shutil.rmtree(scratch, ignore_errors=True)
            load_package(raw, list(_unpack(package, archive, scratch, failures)))
            advance(len(package))
    shutil.rmtree(scratch, ignore_errors=True)
    return failures


def pending_exports(raw: RawTables, archive: Archive) -> list[Export]:
    """The exports that `raw.exports` does not list yet."""
    loaded = loaded_files(raw)
    return [export for export in archive.exports() if export.file not in loaded]


def _packages(exports: Sequence[Export]) -> Iterator[list[Export]]:
    package: list[Export] = []
    size = 0
    for export in exports:
        size += export.bytes
        if package and (size > _PACKAGE_BYTES or len(package) == _PACKAGE_FILES):
            yield package
            package, size = [], export.bytes
        package.append(export)
    if package:
        yield package


def _unpack(
    package: Sequence[Export], archive: Archive, scratch: Path, failures: list[FileUnreadable]
) -> Iterator[Unpacked]:
    for number, export in enumerate(package):
        folder = scratch / str(number)
        try:
            archive.verify(export)
            path = archive.path(export)
            members = unpack(path, export.file, folder) if export.has_data else []
            yield Unpacked(export, members)
        except FileUnreadable as failure:
            failures.append(failure)
