"""The schema `raw` of the warehouse, written through one dlt pipeline, each row once.

No row passes through Python: a resource yields one SQL relation, and dlt runs it as a single
`insert ... select` of its load package. dlt alone would insert twice if the process died between
that commit and dlt's own bookkeeping, so every statement leaves out what its table already holds.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dlt
import duckdb
from dlt.common.data_types import TDataType
from dlt.common.schema.typing import TColumnSchema
from dlt.destinations import duckdb as duckdb_destination
from dlt.extract import DltResource
from dlt.pipeline.exceptions import PipelineStepFailed

from extract.errors import ExtractError
from extract.tables import TABLES, Table
from pipeline.settings import Settings
from pipeline.terminal import stop_if_asked
from pipeline.warehouse import connect

_DUCKDB_TYPES: Mapping[TDataType, str] = {
    "text": "VARCHAR",
    "bigint": "BIGINT",
    "bool": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
}
# DuckDB allocates twice the longest line per thread: not more than the rows need.
_LEAST_LINE_BYTES = 1 << 20
# What DuckDB reserves for a line of 60 MB; of this it touches about one gigabyte.
_SPARE_MEMORY = "4GB"


# Parsing streams: more than this would only help joins larger than extract ever makes.
_MEMORY_LIMIT = "1GB"


@contextmanager
def open_raw(path: Path, settings: Settings) -> Iterator["RawTables"]:
    """Open the raw tables of the warehouse at `path`, with the little memory that they need.

    Raises:
        StoreError: another process holds the file, or it cannot be used.
    """
    lean = settings.model_copy(update={"duckdb_memory_limit": _MEMORY_LIMIT})
    with closing(connect(path, lean)) as connection:
        yield RawTables(
            connection, settings.data_dir / "dlt", settings.data_dir / "tmp" / "extract"
        )


class RawTables:
    """The tables of `raw`; the connection is the caller's to close.

    Nothing in `scratch` outlives a run.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, pipelines_dir: Path, scratch: Path
    ) -> None:
        self._connection = connection
        self.scratch = scratch
        self._pipeline = dlt.pipeline(
            "amplitude",
            pipelines_dir=str(pipelines_dir),
            destination=duckdb_destination(connection),
            dataset_name="raw",
        )
        # What a killed run left pending would be loaded in place of the new data.
        self._pipeline.abort_packages()
        self._create_missing()

    def insert(self, table: Table, select: str) -> None:
        """Append the rows of a query whose key the table does not hold yet.

        Raises:
            ExtractError: DuckDB could not run it, for want of memory or disk for example.
        """
        self._run([_resource(table, select)])

    def insert_rows(self, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Append rows whose key the table does not hold yet.

        Raises:
            ExtractError: as for `insert`.
        """
        if not rows:
            return
        self.scratch.mkdir(parents=True, exist_ok=True)
        file = self.scratch / f"{table.name}.ndjson"
        lines = [json.dumps(row, default=str) + "\n" for row in rows]
        file.write_text("".join(lines))
        longest = max(_LEAST_LINE_BYTES, *map(len, lines))
        types = ", ".join(f"{name}: '{_DUCKDB_TYPES[k]}'" for name, k in table.columns.items())
        self.insert(
            table,
            f"select {', '.join(table.columns)} from read_json({literal(str(file))}, format = "
            f"'newline_delimited', maximum_object_size = {longest}, columns = {{{types}}})",
        )
        file.unlink()

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read from the warehouse."""
        return self._connection.execute(sql, parameters).fetchall()

    def _create_missing(self) -> None:
        """Make the tables that are not there, so that whoever reads them need not ask."""
        there = {
            name
            for (name,) in self.query(
                "select table_name from duckdb_tables() where schema_name = 'raw'"
            )
        }
        missing = [table for table in TABLES if table.name not in there]
        if missing:
            self._run([_resource(table, _no_rows(table)) for table in missing])

    def _run(self, resources: list[DltResource]) -> None:
        """Load one package; a statement that wants more memory gets it once."""
        try:
            self._load(resources)
        except _OutOfMemoryError:
            with self._spare_memory():
                self._pipeline.abort_packages()
                self._load(resources)
        stop_if_asked()

    def _load(self, resources: list[DltResource]) -> None:
        try:
            self._pipeline.run(resources).raise_on_failed_jobs()
        except PipelineStepFailed as error:
            root = _root(error)
            if isinstance(root, KeyboardInterrupt):
                raise root from None
            names = " and ".join(f"raw.{resource.name}" for resource in resources)
            reason = next(iter(str(root).splitlines()), type(root).__name__)
            fault = _OutOfMemoryError if reason.startswith("Out of Memory") else ExtractError
            raise fault(f"{names} could not be written: {reason}") from error

    @contextmanager
    def _spare_memory(self) -> Iterator[None]:
        """Lift the limit for one statement: DuckDB reserves many times a line of tens of MB."""
        ((limit,),) = self.query("select current_setting('memory_limit')")
        self.query(f"set memory_limit = {literal(_SPARE_MEMORY)}")
        try:
            yield
        finally:
            self.query(f"set memory_limit = {literal(limit)}")


class _OutOfMemoryError(ExtractError):
    """DuckDB reached its memory limit."""


def _resource(table: Table, select: str) -> DltResource:
    """The rows of a query whose key the table does not hold yet, as dlt's resource."""
    guarded = (
        f"select {', '.join(table.columns)} from ({select}) "
        f"where {table.key} not in (select {table.key} from raw.{table.name})"
    )
    hints = _hints(table)

    def relation() -> Iterator[Any]:
        yield dlt.mark.with_hints(
            dlt.current.pipeline().dataset().query(guarded, _execute_raw_query=True),
            hints=dlt.mark.make_hints(columns=hints),
        )

    return dlt.resource(relation, name=table.name, columns=hints, write_disposition="append")


def _no_rows(table: Table) -> str:
    nulls = (
        f"cast(null as {_DUCKDB_TYPES[kind]}) as {name}" for name, kind in table.columns.items()
    )
    return f"select {', '.join(nulls)} where false"


def literal(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def _hints(table: Table) -> list[TColumnSchema]:
    return [
        {"name": name, "data_type": kind, "nullable": name != table.key}
        for name, kind in table.columns.items()
    ]


def _root(error: BaseException) -> BaseException:
    """What DuckDB or the system raised, below dlt's wrapping."""
    while cause := error.__cause__:
        error = cause
    return error
