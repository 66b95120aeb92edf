"""The views of events_by_type, as the demo has built them."""

from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import Demo

_COLUMNS = """
select table_name, list(column_name)
from duckdb_columns()
where schema_name = 'events_by_type'
group by table_name
"""
_PROPERTIES = """
select types.view_name, catalog.bag, catalog.column_name, catalog.readable_name
from marts.property_catalog as catalog
join marts.event_types as types on catalog.event_type = types.event_type
where catalog.readable_name is not null
"""


@pytest.fixture(scope="module")
def warehouse(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(demo.folder / "warehouse.duckdb", read_only=True) as connection:
        yield connection


def test_every_event_type_has_a_view_of_its_events(warehouse: duckdb.DuckDBPyConnection) -> None:
    types = warehouse.sql("select view_name, events from marts.event_types where view_name <> ''")
    for view, events in types.fetchall():
        assert warehouse.sql(f'from events_by_type."{view}"').aggregate("count(*)").fetchall() == [
            (events,)
        ]


def test_a_view_shows_the_properties_of_its_event_type_and_no_others(
    warehouse: duckdb.DuckDBPyConnection,
) -> None:
    """By their readable names, unless that is a core column's or they are the user's."""
    shown = dict(warehouse.sql(_COLUMNS).fetchall())
    everywhere = set.intersection(*map(set, shown.values()))
    core = {column for column in everywhere if not column.startswith("user_properties_")}
    assert {"event_at", "person_id", "platform"} <= core
    wanted: dict[str, set[str]] = {view: set() for view in shown}
    for view, bag, column, name in warehouse.sql(_PROPERTIES).fetchall():
        is_plain = bag == "event_properties" and name not in core
        wanted[view].add(name if is_plain else column)
    assert {view: set(columns) - core for view, columns in shown.items()} == wanted
    assert "event_properties_platform" in set.union(*wanted.values())
