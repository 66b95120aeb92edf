"""The schema `raw` of the warehouse, written through one dlt pipeline, each row once.

No row passes through Python: a resource yields one SQL relation, and dlt runs it as a single
`insert ... select` of its load package. dlt alone would insert twice if the process died between
that commit and dlt's own bookkeeping, so every statement leaves out what its table already holds.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.data_types import TDataType
from dlt.common.schema.typing import TColumnSchema
from dlt.destinations import duckdb as duckdb_destination
from dlt.pipeline.exceptions import PipelineStepFailed

from extract.errors import ExtractError

Columns = Mapping[str, TDataType]
"""Column name → dlt data type, in order."""


class RawTables:
    """The tables of `raw`; the connection is the caller's to close."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, pipelines_dir: Path, scratch: Path
    ) -> None:
        self._connection = connection
        self._scratch = scratch
        self._pipeline = dlt.pipeline(
            "amplitude",
            pipelines_dir=str(pipelines_dir),
            destination=duckdb_destination(connection),
            dataset_name="raw",
        )
        # What a killed run left pending would be loaded in place of the new data.
        self._pipeline.abort_packages()

    def insert(self, table: str, columns: Columns, key: str, select: str) -> None:
        """Append the rows of a query whose `key` the table does not hold yet."""
        names = ", ".join(columns)
        guarded = (
            f"select {names} from ({select}) where {key} not in (select {key} from raw.{table})"
        )
        hints: Sequence[TColumnSchema] = [
            {"name": name, "data_type": kind, "nullable": name != key}
            for name, kind in columns.items()
        ]

        def relation() -> Iterator[Any]:
            dataset = dlt.current.pipeline().dataset()
            yield dlt.mark.with_hints(
                dataset.query(guarded, _execute_raw_query=True),
                hints=dlt.mark.make_hints(columns=hints),
            )

        resource = dlt.resource(relation, name=table, columns=hints, write_disposition="append")
        try:
            self._pipeline.run(resource).raise_on_failed_jobs()
        except PipelineStepFailed as error:
            raise ExtractError(f"raw.{table} could not be written: {_root(error)}") from error

    def insert_rows(
        self, table: str, columns: Columns, key: str, rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Append rows whose `key` the table does not hold yet; their keys are the columns."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        file = self._scratch / f"{table}.ndjson"
        lines = [json.dumps(row, default=str) + "\n" for row in rows]
        file.write_text("".join(lines))
        longest = max(map(len, lines), default=0)
        types = ", ".join(f"{name}: '{_DUCKDB_TYPES[kind]}'" for name, kind in columns.items())
        self.insert(
            table,
            columns,
            key,
            f"select {', '.join(columns)} from read_json({literal(str(file))}, "
            f"format = 'newline_delimited', maximum_object_size = {max(longest, 1 << 20)}, "
            f"columns = {{{types}}})",
        )
        file.unlink()

    def exists(self, table: str) -> bool:
        """Whether the table is there: dlt makes it with its first package."""
        return bool(
            self.query(
                "select 1 from duckdb_tables() where schema_name = 'raw' and table_name = ?", table
            )
        )

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read from the warehouse."""
        return self._connection.execute(sql, parameters).fetchall()


def _root(error: BaseException) -> str:
    """What DuckDB or the system said, below dlt's wrapping, in one line."""
    while cause := error.__cause__:
        error = cause
    return str(error).splitlines()[0]


_DUCKDB_TYPES: Mapping[TDataType, str] = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "bool": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
}


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"
