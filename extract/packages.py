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


def load_archive(raw: RawTables, archive: Archive, scratch: Path) -> list[FileUnreadable]:
    """Load every export that `raw.exports` does not list; damaged ones are returned, not loaded."""
    loaded = loaded_files(raw)
    pending = [export for export in archive.exports() if export.file not in loaded]
    failures: list[FileUnreadable] = []
    with progress("Loading", len(pending), "files") as advance:
        for package in _packages(pending):
            shutil.rmtree(scratch, ignore_errors=True)
            load_package(raw, list(_unpack(package, archive, scratch, failures)))
            advance(len(package))
    shutil.rmtree(scratch, ignore_errors=True)
    return failures


def _packages(exports: Sequence[Export]) -> Iterator[list[Export]]:
    package: list[Export] = []
    for export in exports:
        if package and sum(e.bytes for e in package) + export.bytes > _PACKAGE_BYTES:
            yield package
            package = []
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
            empty = export.status == "empty"
            members = [] if empty else unpack(archive.path(export), export.file, folder)
            yield Unpacked(export, members)
        except FileUnreadable as failure:
            failures.append(failure)
