"""`python -m extract.rebuild`: raw again from the archive alone, offline.

The new warehouse is made beside the old one and takes its place when every line is accounted for;
until then the old one stays as it was. The ledgers are not touched.
"""

import shutil
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from extract.archive import Archive
from extract.errors import ExtractError, FileUnreadable
from extract.journal import Journal
from extract.packages import load_archive
from extract.raw import open_raw
from pipeline.settings import Settings
from pipeline.terminal import run, summary
from pipeline.warehouse import connect


def main() -> None:
    """Build raw beside the warehouse, then put it in its place.

    Raises:
        StoreError: another process holds the warehouse.
        ExtractError: the archive is empty, or a file in it is damaged.
    """
    started = time.monotonic()
    settings = Settings.read()
    archive = Archive(settings.data_dir / "archive")
    if not archive.exports():
        raise ExtractError(f"{archive.folder} holds no export: there is nothing to rebuild from.")
    if settings.warehouse.exists():
        connect(settings.warehouse, settings).close()
    fresh = settings.warehouse.with_name("rebuilding.duckdb")
    if failures := _fill(fresh, archive, settings):
        raise ExtractError("\n".join(map(str, failures)))
    # What dbt made of the old rows goes with them: `just transform` makes it again.
    fresh.replace(settings.warehouse)
    with closing(connect(settings.warehouse, settings, read_only=True)) as connection:
        facts = connection.sql(
            "select count(*), coalesce(sum(lines), 0)::bigint from raw.exports"
        ).fetchall()[0]
    counts = dict(zip(("files", "lines in raw"), facts, strict=True))
    summary("Rebuild", counts | {"seconds": time.monotonic() - started})


def _fill(path: Path, archive: Archive, settings: Settings) -> Sequence[FileUnreadable]:
    for leftover in (path, path.with_name(f"{path.name}.wal")):
        leftover.unlink(missing_ok=True)
    # dlt's notes are about the old file; it makes them again from the new one.
    shutil.rmtree(settings.data_dir / "dlt", ignore_errors=True)
    with open_raw(path, settings) as raw:
        failures = load_archive(raw, archive, raw.scratch)
        Journal(archive.folder / "profiles").load(raw)
    return failures


if __name__ == "__main__":
    run(main)
