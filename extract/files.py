"""Files exported earlier (EXTRACT_FILES): found, told from other files, copied into the archive."""

import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from extract.archive import Archive, Export, digest
from extract.errors import ExtractError
from extract.members import is_export


@dataclass(frozen=True)
class Imported:
    """What was found: new exports, how many were in the archive already, what was passed over."""

    added: list[Export]
    known: int
    skipped: list[Path]


def import_files(pattern: str, archive: Archive) -> Imported:
    """Copy a folder, a file or the matches of a glob into the archive, each content once.

    Raises:
        ExtractError: nothing there is an export.
    """
    known = {export.sha256: export.file for export in archive.exports()}
    added: list[Export] = []
    skipped: list[Path] = []
    repeated = 0
    for path, name in _find(pattern):
        if not is_export(path):
            skipped.append(path)
        elif (sha256 := digest(path)) in known:
            repeated += 1
        else:
            added.append(archive.add_file(path, _free_name(name, sha256, known)))
            known[sha256] = added[-1].file
    if not added and not repeated:
        raise ExtractError(
            f"EXTRACT_FILES={pattern} holds no export (zip, gzip or NDJSON): check the path."
        )
    return Imported(added, repeated, skipped)


def _free_name(name: str, sha256: str, known: dict[str, str]) -> str:
    """The file's own name, unless another content came under it before."""
    return f"{sha256[:8]}/{name}" if f"files/{name}" in known.values() else name


def _find(pattern: str) -> Iterator[tuple[Path, str]]:
    """Every file, in order, with its path below the folder (or its name)."""
    root = Path(pattern)
    if root.is_dir():
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield path, path.relative_to(root).as_posix()
        return
    if root.is_file():
        yield root, root.name
        return
    # A pattern may be absolute, which Path.glob refuses.
    matches = glob.glob(pattern, recursive=True)  # noqa: PTH207
    found = (Path(match) for match in sorted(matches))
    yield from ((path, path.name) for path in found if path.is_file())
