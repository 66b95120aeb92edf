"""NDJSON as a relation of DuckDB's, one row per line, whatever the line holds."""

from collections.abc import Sequence
from pathlib import Path

from extract.raw import literal

# DuckDB reads lines of up to twice this size; Amplitude's longest seen are 60 MB.
_MAX_LINE_BYTES = 64 << 20


def lines_of(paths: Sequence[Path]) -> str:
    """Columns `json` and `filename`.

    A line that is not JSON becomes one row with a null, instead of ending the query.
    """
    return (
        f"read_ndjson_objects([{', '.join(literal(str(path)) for path in paths)}], "
        f"ignore_errors = true, filename = true, maximum_object_size = {_MAX_LINE_BYTES})"
    )
