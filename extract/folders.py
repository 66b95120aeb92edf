"""Folders: files of this machine, by a folder, a file or a glob."""

import glob
from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

from extract.formats import HEAD_BYTES
from extract.stores import Found, root_of


class Folder:
    """What matches one path of this machine."""

    def __init__(self, pattern: str) -> None:
        self._pattern = str(Path(pattern).expanduser())

    def find(self) -> list[Found]:
        """List below a folder, else the one file, else by a glob; in the order of names."""
        root = Path(self._pattern)
        if root.is_dir():
            return list(_found(root.rglob("*"), root))
        if root.is_file():
            return list(_found([root], root.parent))
        # A pattern may be absolute, which Path.glob refuses.
        matches = map(Path, glob.glob(self._pattern, recursive=True))  # noqa: PTH207
        return list(_found(matches, Path(root_of(self._pattern))))

    def peek(self, found: Found) -> bytes:
        """Read the first bytes of a file."""
        with Path(found.origin).open("rb") as file:
            return file.read(HEAD_BYTES)

    def fetch(self, found: Found, path: Path) -> None:
        """Copy a file."""
        copyfile(found.origin, path)


def _found(paths: Iterator[Path] | list[Path], root: Path) -> Iterator[Found]:
    for path in sorted(paths):
        if path.is_file():
            facts = path.stat()
            yield Found(
                origin=str(path.absolute()),
                name=path.relative_to(root).as_posix(),
                stamp=f"{facts.st_size} {facts.st_mtime_ns}",
                bytes=facts.st_size,
            )
