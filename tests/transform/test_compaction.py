"""What many small builds leave in pieces is put together now and then, and no row changes."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from dbt_project import build
from pipeline.settings import Settings
from pipeline.warehouse import connect

BUILDS = 10
ROWS = 1_000


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    settings = Settings(data_dir=tmp_path)
    with closing(connect(settings.warehouse, settings)) as connection:
        build.prepare(connection, {})
        connection.execute("create table events as select range as id from range(0)")
        yield connection


def load(warehouse: duckdb.DuckDBPyConnection, number: int) -> None:
    """Take in rows, as an incremental model does, and write them to the file."""
    warehouse.execute(f"insert into events from range({number * ROWS}, {(number + 1) * ROWS})")
    warehouse.execute("checkpoint")


def pieces(warehouse: duckdb.DuckDBPyConnection) -> int:
    """How many row groups the table consists of."""
    query = "select count(distinct row_group_id) from pragma_storage_info('events')"
    return int(warehouse.sql(query).fetchall()[0][0])


def test_pieces_are_put_together_after_every_tenth_build(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    said: list[str] = []
    left: list[int] = []
    for number in range(2 * BUILDS):
        load(warehouse, number)
        said += build.compact(warehouse)
        left.append(pieces(warehouse))
    assert left == [*range(1, BUILDS), 1, *range(2, BUILDS + 1), 1]
    assert said == ["Compacting the warehouse, as after every 10 builds."] * 2
    assert warehouse.sql("select count(distinct id) from events").fetchall() == [(20_000,)]


def test_room_is_made_of_rows_that_were_replaced(warehouse: duckdb.DuckDBPyConnection) -> None:
    for number in range(BUILDS):
        load(warehouse, number)
        warehouse.execute(f"delete from events where id < {number * ROWS}")
        list(build.compact(warehouse))
    stored = "select sum(count) from pragma_storage_info('events') where segment_type = 'BIGINT'"
    assert warehouse.sql(stored).fetchall() == [(ROWS,)]
