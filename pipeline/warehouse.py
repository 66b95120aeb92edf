"""The one door to a DuckDB file: limits always set, a lock or a missing file told in one line."""

import re
from pathlib import Path

import duckdb

from pipeline.errors import StoreError
from pipeline.settings import Settings


def connect(
    path: Path, settings: Settings, *, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file; the caller closes it.

    Raises:
        StoreError: the file is missing (`read_only`), held by another process, or cannot be used.
    """
    if read_only and not path.exists():
        raise StoreError(f"{path} does not exist: run `just extract` first, or check DATA_DIR.")
    make_folder(path.parent)
    try:
        return duckdb.connect(path, read_only=read_only, config=limits(settings))
    except duckdb.Error as error:
        raise StoreError(explain(path, error)) from None


def limits(settings: Settings) -> dict[str, str | bool | int | float | list[str]]:
    """DuckDB's configuration, the same wherever the pipeline opens a file."""
    return {
        "threads": settings.duckdb_threads,
        "memory_limit": settings.duckdb_memory_limit,
        "temp_directory": str(settings.data_dir / "tmp"),
        "preserve_insertion_order": False,
        # Or DuckDB would write wide rows anew at each checkpoint, to save a few row groups;
        # `just transform` does it once for many builds.
        "max_vacuum_tasks": 0,
    }


def make_folder(folder: Path) -> Path:
    """Create a folder under `DATA_DIR`, if it is not there, and return it.

    Raises:
        StoreError: it cannot be created or written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        reason = error.strerror or error
        raise StoreError(f"{folder} cannot be written to ({reason}): set DATA_DIR.") from None
    return folder


def explain(path: Path, error: Exception) -> str:
    """Say in one line why DuckDB could not open a file."""
    text = str(error)
    if "Could not set lock" in text or "already open" in text:
        holder = re.search(r"PID (\d+)", text)
        process = f"process {holder[1]}" if holder else "another process"
        return f"{path} is in use by {process}: let it finish or close it, then run again."
    return f"{path} cannot be opened: {text.splitlines()[0]}"
