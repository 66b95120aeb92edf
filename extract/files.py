"""Files exported earlier (EXTRACT_FILES) → archive: each content once, checked like a download.

Several files are fetched at a time, but judged in the order of their names, so that the archive
does not depend on which came first. A killed run goes on where it stopped.
"""

import errno
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from extract.archive import Archive, Export, digest
from extract.buckets import Bucket
from extract.errors import ExtractError, FileUnreadable
from extract.folders import Folder
from extract.formats import Judgement, judge
from extract.members import check, is_foreign
from extract.shelf import Shelf
from extract.stores import Found, Store
from pipeline.errors import StoreError
from pipeline.terminal import progress

_FETCHES = 8
# Fetched files wait for their turn under temporary names: not more than these.
_BATCH = 8 * _FETCHES
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


@dataclass
class Imported:
    """What was found: new exports, those in the archive already, and what was left out."""

    added: list[Export] = field(default_factory=list)
    known: int = 0
    empty: int = 0
    skipped: list[str] = field(default_factory=list)
    failures: list[FileUnreadable] = field(default_factory=list)


@dataclass(frozen=True)
class _Fetched:
    """What a file turned out to be; an export lies whole under the temporary name `partial`."""

    found: Found
    judgement: Judgement
    partial: Path
    sha256: str = ""


def import_files(pattern: str, archive: Archive) -> Imported:
    """Copy a folder, a file, the matches of a glob or a bucket's files into the archive.

    Raises:
        ExtractError: nothing there is an export, or the store cannot be listed.
        StoreError: the archive's disk is full.
    """
    store = Bucket.open(pattern) if "://" in pattern else Folder(pattern)
    imported = import_store(store, archive)
    if not (imported.added or imported.known or imported.failures):
        raise ExtractError(
            f"EXTRACT_FILES={pattern} holds no export (zip, gzip or NDJSON): check the path."
        )
    return imported


def import_store(store: Store, archive: Archive) -> Imported:
    """Copy a store's exports into the archive.

    Raises:
        ExtractError: the store cannot be listed.
        StoreError: the archive's disk is full.
    """
    files = store.find()
    shelf = Shelf(archive)
    pending = [found for found in files if found not in shelf.sightings]
    imported = Imported(known=len(files) - len(pending))
    with progress("Files", len(pending), "files") as advance:
        for outcome in _fetch(pending, store, archive):
            _sort(outcome, imported, shelf)
            advance(1)
    return imported


def _sort(outcome: _Fetched | FileUnreadable, imported: Imported, shelf: Shelf) -> None:
    """Count an outcome where it belongs."""
    if isinstance(outcome, FileUnreadable):
        imported.failures.append(outcome)
    elif outcome.judgement == "empty":
        imported.empty += 1
    elif outcome.judgement == "other":
        imported.skipped.append(outcome.found.origin)
    elif export := shelf.take(outcome.found, outcome.partial, outcome.sha256):
        imported.added.append(export)
    else:
        imported.known += 1


def _fetch(
    pending: Sequence[Found], store: Store, archive: Archive
) -> Iterator[_Fetched | FileUnreadable]:
    """Fetch a few files at a time; the outcomes come in order."""
    pool = ThreadPoolExecutor(_FETCHES)
    try:
        for start in range(0, len(pending), _BATCH):
            batch = pending[start : start + _BATCH]
            yield from pool.map(lambda found: _fetch_one(found, store, archive), batch)
    finally:
        # Interrupted, the run ends after the files in flight, not after the batch.
        pool.shutdown(cancel_futures=True)


def _fetch_one(found: Found, store: Store, archive: Archive) -> _Fetched | FileUnreadable:
    partial = archive.new_partial()
    try:
        return _bring(found, store, partial)
    except Exception as error:  # noqa: BLE001 - each store raises its own, and the others go on
        partial.unlink(missing_ok=True)
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        if isinstance(error, OSError) and error.errno in _FULL:
            raise StoreError(
                f"{archive.folder} takes no more ({error.strerror}): make room or set DATA_DIR, "
                "then run `just extract` again."
            ) from None
        return FileUnreadable(
            f"{found.origin} is not archived ({reason}): run `just extract` again; if it stays so, "
            "get the file anew or take it out of EXTRACT_FILES."
        )


def _bring(found: Found, store: Store, partial: Path) -> _Fetched:
    """Look at a file's first bytes; only an export is fetched, and checked to its last byte."""
    judgement = judge(store.peek(found)) if found.bytes else "empty"
    if judgement != "export":
        return _Fetched(found, judgement, partial)
    store.fetch(found, partial)
    if is_foreign(partial):
        partial.unlink()
        return _Fetched(found, "other", partial)
    if fault := check(partial):
        raise FileUnreadable(fault)
    return _Fetched(found, "export", partial, digest(partial))
