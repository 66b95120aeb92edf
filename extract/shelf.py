"""The shelf: where the archive keeps files exported earlier, each content once, under its name.

A bucket's keys can be what no disk takes: `a` beside `a/b`, `A` beside `a`, `../x`, 1,000 bytes.
"""

import unicodedata
from pathlib import Path

from extract.archive import Archive, Export
from extract.sightings import Sightings
from extract.stores import Found

# File systems take 255; the archive adds suffixes.
_MAX_NAME_BYTES = 200


class Shelf:
    """What the archive holds, by content and by name, and where it was seen."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._files = {export.sha256: export.file for export in archive.exports()}
        self._names = set(map(_fold, self._files.values()))
        self.sightings = Sightings(archive.folder / "sightings.ndjson", set(self._files.values()))

    def take(self, found: Found, partial: Path, sha256: str) -> Export | None:
        """Archive what was fetched as `partial`; null if the same content is there already."""
        export = None
        if sha256 in self._files:
            partial.unlink()
        else:
            export = self._name(partial, _plain(found.name), sha256)
            self._files[sha256] = export.file
            self._names.add(_fold(export.file))
        self.sightings.add(found, self._files[sha256])
        return export

    def _name(self, partial: Path, name: str, sha256: str) -> Export:
        """Give it its own name, unless another content came under it before."""
        for candidate in (name, f"{sha256[:8]}/{name}"):
            if _fold(f"files/{candidate}") not in self._names:
                try:
                    return self._archive.take_file(partial, candidate)
                except (FileExistsError, NotADirectoryError, IsADirectoryError):
                    # A bucket can hold both `a` and `a/b`, a disk cannot.
                    continue
        return self._archive.take_file(partial, sha256)


def _fold(file: str) -> str:
    """Names that differ by this alone are one name on some disks."""
    return unicodedata.normalize("NFC", file).casefold()


def _plain(name: str) -> str:
    """A bucket's key, or a name that is not even text, as a path inside the archive."""
    text = name.encode(errors="backslashreplace").replace(b"\0", b"")
    parts = [part[:_MAX_NAME_BYTES].decode(errors="ignore") for part in text.split(b"/")]
    return "/".join(part for part in parts if part not in {"", ".", ".."}) or "unnamed"
