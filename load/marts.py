"""The warehouse as load sees it: the marts of one build that succeeded, attached read-only."""

from pathlib import Path

import duckdb

from load.errors import OutboxError
from pipeline.errors import StoreError
from pipeline.warehouse import explain

PHASES = ("aliases", "groups", "events", "persons")
"""In the order in which they are sent: events find their person, persons get their last state."""

_COLUMNS = 'uuid, event, distinct_id, "timestamp", key_hash, payload_hash'
_NEEDED = (*(f"posthog_{phase}" for phase in PHASES), "distinct_ids", "events", "last_build")

_ALL_ROWS = "create or replace temp view mart_rows as " + " union all ".join(
    f"select '{phase}' as phase, {_COLUMNS} from warehouse.marts.posthog_{phase}{{only}}"
    for phase in PHASES
)


def attach(cursor: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    """Attach the warehouse as `warehouse`.

    Raises:
        StoreError: it is missing or held by another process.
        OutboxError: it has no marts, or those of a build that failed.
    """
    if not warehouse.exists():
        raise StoreError(f"{warehouse} does not exist: run `just extract transform` first.")
    quoted = str(warehouse).replace("'", "''")
    try:
        cursor.execute(f"attach '{quoted}' as warehouse (read_only)")
    except duckdb.Error as error:
        raise StoreError(explain(warehouse, error)) from None
    _require_marts(cursor, warehouse)


def show(cursor: duckdb.DuckDBPyConnection, only: str = "") -> None:
    """Show what is to be sent as the view `mart_rows`; `only` names a table of uuids."""
    condition = f" where uuid in (select uuid from {only})" if only else ""
    cursor.execute(_ALL_ROWS.format(only=condition))


def _require_marts(cursor: duckdb.DuckDBPyConnection, warehouse: Path) -> None:
    rows = cursor.execute(
        "select table_name from information_schema.tables"
        " where table_catalog = 'warehouse' and table_schema = 'marts'"
    ).fetchall()
    missing = [f"marts.{table}" for table in _NEEDED if (table,) not in rows]
    if missing:
        raise OutboxError(f"{warehouse} has no {', '.join(missing)}: run `just transform` first.")
    if not cursor.execute("select succeeded from warehouse.marts.last_build").fetchall()[0][0]:
        raise OutboxError(
            f"The last build of {warehouse} failed or was stopped, so its tables must not be sent: "
            "run `just transform` until it succeeds."
        )
