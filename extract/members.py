"""Members: the gzip or plain NDJSON files inside an export, checked and laid out for DuckDB.

Layers are told by their first bytes, never by a suffix. Every gzip member is decompressed once,
with its CRC, before DuckDB sees it: DuckDB reads half of a cut member without an error. The same
pass counts the lines that are not blank and notices lone surrogates.
"""

import errno
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import IO

from extract.errors import FileUnreadable
from extract.lines import has_lone_surrogate

_CHUNK_BYTES = 1 << 20
_ZIP, _GZIP = b"PK", b"\x1f\x8b"
# What damaged bytes raise: a flipped flag is a RuntimeError, an offset into nowhere an OSError.
_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, OSError)


@dataclass(frozen=True)
class Member:
    """One NDJSON file, unpacked to `path` where DuckDB reads it.

    `name` is the archive file and, in a zip, the member: the `export_file` of its rows.
    """

    name: str
    path: Path
    lines: int
    has_lone_surrogate: bool


def is_export(path: Path) -> bool:
    """Whether the first bytes are those of a zip, a gzip or an NDJSON file."""
    with path.open("rb") as file:
        head = file.read(4096)
    return head.startswith((_ZIP, _GZIP)) or head.lstrip().startswith(b"{")


def check_zip(path: Path) -> str | None:
    """Say what is wrong with a downloaded zip; null if its directory and all CRCs are right."""
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except _FAULTS as error:
        return str(error)
    return damaged and f"wrong CRC in {damaged}"


def unpack(path: Path, name: str, folder: Path) -> list[Member]:
    """Lay an export's members out in `folder`, checked and counted.

    Raises:
        FileUnreadable: the export or one of its members is damaged; nothing of it may be loaded.
    """
    try:
        return [_inspect(*found) for found in _lay_out(path, name, folder)]
    except _FAULTS as error:
        if getattr(error, "errno", None) not in {None, errno.EINVAL}:
            raise
        raise FileUnreadable(
            f"{path} is damaged ({error}): delete it and its record, then run "
            "`just extract` again to fetch a fresh copy."
        ) from None


def _lay_out(path: Path, name: str, folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield each member's name and its file, called by a number: DuckDB would expand a `*`."""
    if not _starts_with(path, _ZIP):
        yield name, _place(path.open("rb"), folder / "0")
        return
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        for number, entry in enumerate(entries):
            yield f"{name}/{entry.filename}", _place(archive.open(entry), folder / str(number))


def _starts_with(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _place(source: IO[bytes], stem: Path) -> Path:
    """Copy the bytes as they are; the suffix tells DuckDB whether to decompress them."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    with source:
        head = source.read(len(_GZIP))
        path = stem.with_name(stem.name + (".json.gz" if head == _GZIP else ".json"))
        with path.open("wb") as target:
            target.write(head)
            copyfileobj(source, target, _CHUNK_BYTES)
    return path


def _inspect(name: str, path: Path) -> Member:
    lines, surrogate = 0, False
    for chunk in read_lines(path):
        lines += sum(1 for line in chunk.split(b"\n") if line.strip())
        surrogate = surrogate or has_lone_surrogate(chunk)
    return Member(name, path, lines, surrogate)


def read_lines(path: Path) -> Iterator[bytes]:
    """Read an unpacked member, decompressed, in chunks of whole lines."""
    rest = b""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            head, newline, tail = chunk.rpartition(b"\n")
            if newline:
                yield rest + head
                rest = tail
            else:
                rest += tail
    if rest:
        yield rest


def numbered(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Each line that is not blank: its position among those, its line number, its bytes."""
    lines = (line for chunk in read_lines(path) for line in chunk.split(b"\n"))
    filled = ((number, line) for number, line in enumerate(lines, 1) if line.strip())
    return ((position, number, line) for position, (number, line) in enumerate(filled, 1))
