"""Members: the gzip or plain NDJSON files inside an export, checked and laid out for DuckDB.

Layers are told by their first bytes, never by a suffix. Every gzip member is decompressed once,
with its CRC, before DuckDB sees it: DuckDB reads half of a cut member without an error. The same
pass counts the lines that are not blank and notices lone surrogates.
"""

import errno
import gzip
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from extract.errors import FileUnreadable
from extract.formats import HEAD_BYTES, Content, content, is_gzip, judge
from extract.limits import LIMITS, Gauge, LimitExceeded, Limits, check_directory, check_size
from extract.lines import has_lone_surrogate

_CHUNK_BYTES = 1 << 20
_PROBES = 20
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
    content: Content = "events"


def check_zip(path: Path, limits: Limits = LIMITS) -> str | None:
    """Say what is wrong with a downloaded zip; null if its directory and all CRCs are right."""
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in _entries(archive, limits):
                with _opened(archive, entry) as source:
                    _drain(source, entry.filename, entry.compress_size, limits)
    except (*_FAULTS, LimitExceeded) as error:
        return str(error) or type(error).__name__
    return None


def check(path: Path, limits: Limits = LIMITS) -> str | None:
    """Say what is wrong with an export of any format; null if it may be archived."""
    if _is_zip(path):
        return check_zip(path, limits)
    try:
        with path.open("rb") as source:
            _drain(source, path.name, path.stat().st_size, limits)
    except (*_FAULTS, LimitExceeded) as error:
        return str(error) or type(error).__name__
    return None


def is_foreign(path: Path) -> bool:
    """Whether a file is a zip of other things than exports, such as an .xlsx."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = (archive.open(entry) for entry in _entries(archive, LIMITS)[:_PROBES])
            judgements = {judge(member.read(HEAD_BYTES)) for member in members}
    except (*_FAULTS, LimitExceeded):
        return False
    return "other" in judgements and "export" not in judgements


def unpack(path: Path, name: str, folder: Path, limits: Limits = LIMITS) -> list[Member]:
    """Lay an export's members out in `folder`, checked and counted.

    Raises:
        FileUnreadable: the export or one of its members is damaged or beyond the limits; nothing of
            it may be loaded.
    """
    try:
        return [_inspect(*found, limits) for found in _lay_out(path, name, folder, limits)]
    except LimitExceeded as error:
        raise FileUnreadable(
            f"{path} is refused: {error}. If it is sound, unpack it and name its folder in "
            "EXTRACT_FILES."
        ) from None
    except _FAULTS as error:
        if getattr(error, "errno", None) not in {None, errno.EINVAL}:
            raise
        raise FileUnreadable(
            f"{path} is damaged ({error}): delete it and its record, then run "
            "`just extract` again to fetch a fresh copy."
        ) from None


def _lay_out(path: Path, name: str, folder: Path, limits: Limits) -> Iterator[tuple[str, Path]]:
    """Yield each member's name and its file, called by a number: DuckDB would expand a `*`."""
    if not _is_zip(path):
        with path.open("rb") as source:
            yield name, _place(source, folder / "0", Gauge(name, path.stat().st_size, limits))
        return
    with zipfile.ZipFile(path) as archive:
        for number, entry in enumerate(_entries(archive, limits)):
            gauge = Gauge(entry.filename, entry.compress_size, limits)
            with _opened(archive, entry) as source:
                placed = _place(source, folder / str(number), gauge)
            yield f"{name}/{entry.filename}", placed


def _is_zip(path: Path) -> bool:
    """Two bytes have to do: a zip whose third is damaged must not be read as text."""
    with path.open("rb") as file:
        return file.read(2) == b"PK"


def _entries(archive: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """A zip's members, but for folders and what macOS puts beside each file."""
    check_directory(archive.infolist(), limits)
    return [
        entry
        for entry in archive.infolist()
        if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")
    ]


@contextmanager
def _opened(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """Open a member that has to be read to its end, and be as long as the zip declares."""
    endless = copy(entry)
    endless.file_size = sys.maxsize  # `zipfile` stops at the declared size, and tells nobody
    with archive.open(endless) as source:
        yield source
        check_size(entry, source.tell())


def _drain(source: IO[bytes], name: str, packed_bytes: int, limits: Limits) -> None:
    """Read to the end what may be gzipped, so that every CRC is checked."""
    head = source.read(2)
    source.seek(0)
    gauge = Gauge(name, packed_bytes, limits)
    text = gzip.GzipFile(fileobj=source) if is_gzip(head) else source
    while chunk := text.read(_CHUNK_BYTES):
        gauge.add(len(chunk))


def _place(source: IO[bytes], stem: Path, gauge: Gauge) -> Path:
    """Copy the bytes as they are; the suffix tells DuckDB whether to decompress them."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    chunk = source.read(_CHUNK_BYTES)
    path = stem.with_name(stem.name + (".json.gz" if is_gzip(chunk) else ".json"))
    with path.open("wb") as target:
        while chunk:
            gauge.add(len(chunk))
            target.write(chunk)
            chunk = source.read(_CHUNK_BYTES)
    return path


def _inspect(name: str, path: Path, limits: Limits) -> Member:
    lines, surrogate = 0, False
    gauge = Gauge(name, path.stat().st_size, limits)
    for chunk in read_lines(path):
        gauge.add(len(chunk))
        lines += sum(1 for line in chunk.split(b"\n") if line.strip())
        surrogate = surrogate or has_lone_surrogate(chunk)
    with path.open("rb") as file:
        found = content(file.read(HEAD_BYTES))
    return Member(name, path, lines, surrogate, found or "events")


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
