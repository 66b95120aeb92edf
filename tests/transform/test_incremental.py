"""What comes later is built into what is there, and the tables are those of a whole build."""

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import run_stage, succeed
from tests.transform.strangers import merges_of_strangers, strangers

# Kept for the build itself; the rest of a row is the same however the lines came.
_BOOKKEEPING = {"load_id"}
_NOT_COMPARED = {"last_build", "model_rules", "property_drift", "int_property_census"}
# What was built from the line that nothing later touches: a column of text, and where.
_UNTOUCHED = "00000000-0000-4000-8000-000000000004"
_LONER = "d4"
_MARKED = {
    "intermediate.int_devices": ("rule", f"device_id = '{_LONER}'"),
    "intermediate.int_identities": ("own_user_id", f"device_id = '{_LONER}'"),
    "intermediate.int_identity_persons": ("amplitude_person_id", f"device_id = '{_LONER}'"),
    "intermediate.int_posthog_events": ("properties", f"event_uuid = '{_UNTOUCHED}'"),
    "marts.events": ("city", f"event_uuid = '{_UNTOUCHED}'"),
    "marts.sessions": ("city", f"person_id = '{_LONER}'"),
    "marts.users": ("last_country", f"person_id = '{_LONER}'"),
}
_MARK = '{"marked":true}'
_WORLDS = 150
_COLUMNS = """
select schema_name, table_name, column_name
from duckdb_columns()
where schema_name in ('staging', 'intermediate', 'marts') and database_name = current_database()
"""
_NO_TESTS = ("--exclude-resource-type", "test", "unit_test")


def line(number: int, uploaded: str, **cells: object) -> dict[str, Any]:
    """One event; `number` makes its uuid."""
    return {
        "uuid": f"00000000-0000-4000-8000-{number:012}",
        "event_type": "Bought",
        "event_time": uploaded,
        "server_upload_time": uploaded,
        "user_id": None,
        "device_id": "d1",
        "amplitude_id": 1,
        "event_properties": {},
        "user_properties": {},
        "groups": {},
        "group_properties": {},
    } | cells


FIRST = [
    line(1, "2024-01-01 00:00:00", user_id="jane", event_properties={"price": 5, "Plan": "a"}),
    line(2, "2024-01-01 01:00:00", event_properties={"price": 6, "note": {"by": "me"}}),
    line(3, "2024-01-01 02:00:00", event_properties={"version": "wrong"}),
    line(4, "2024-01-01 03:00:00", device_id=_LONER, amplitude_id=4, session_id=1704078000000),
    *(line(10 + n, "2024-01-01 04:00:00", groups={f"type{n}": ["k"]}) for n in range(5)),
]
LATER = [
    # The file of an hour that was asked for again: one line as before, one that had been missing.
    line(1, "2024-01-01 00:00:00", user_id="jane", event_properties={"price": 5, "Plan": "a"}),
    line(5, "2024-01-01 00:30:00", event_type="Late", session_id=1704067200000),
    # A corrected duplicate, whose kind of value is gone with the wrong line.
    line(3, "2024-01-02 00:00:00", event_properties={"version": 2}),
    # A changed type, a new property, a name that collides, an object that is also a text.
    line(6, "2024-01-02 01:00:00", event_properties={"price": 5.5, "new": True, "plan": "b"}),
    line(7, "2024-01-02 02:00:00", event_properties={"note": "text"}),
    # A second user comes to the device, so that its anonymous rows move.
    line(8, "2024-01-02 03:00:00", user_id="mary", amplitude_id=8),
    # A sixth type of groups overtakes another one.
    *(line(20 + n, "2024-01-02 04:00:00", groups={"type9": ["k"]}) for n in range(2)),
]


Tables = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Grown:
    """A warehouse that was built from the first lines, twice with later ones, then anew."""

    folder: Path
    said: str
    grown: Tables
    marked: tuple[list[str], list[str]]
    whole: Tables

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Put a query to the warehouse."""
        with closing(duckdb.connect(self.folder / "warehouse.duckdb", read_only=True)) as warehouse:
            return warehouse.sql(query).fetchall()


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    folder = tmp_path_factory.mktemp("grown")
    exports = folder / "exports"
    exports.mkdir()
    first, second, third = strangers(_WORLDS)
    export(FIRST + first, exports / "first.ndjson")
    succeed("extract", folder, EXTRACT_FILES=str(exports))
    succeed("dbt_project", folder)
    mark(folder)
    export(LATER + second, exports / "later.ndjson")
    succeed("extract", folder, EXTRACT_FILES=str(exports))
    later = run_stage("dbt_project", folder)
    assert later.returncode == 0, later.stderr
    after_a_changed_type = marks(folder)
    mark(folder)
    export(third, exports / "latest.ndjson")
    export(merges_of_strangers(_WORLDS), exports / "merges.ndjson")
    succeed("extract", folder, EXTRACT_FILES=str(exports))
    succeed("dbt_project", folder, "build", "--quiet", *_NO_TESTS)
    tables, marked = tables_of(folder), (after_a_changed_type, marks(folder))
    succeed("dbt_project", folder, "build", "--quiet", "--full-refresh", *_NO_TESTS)
    return Grown(folder, later.stderr, tables, marked, tables_of(folder))


def export(lines: list[dict[str, Any]], path: Path) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def mark(folder: Path) -> None:
    """Change what was built from a line that nothing later touches: only a new build undoes it."""
    with closing(duckdb.connect(folder / "warehouse.duckdb")) as warehouse:
        for table, (column, place) in _MARKED.items():
            warehouse.execute(f"update {table} set {column} = '{_MARK}' where {place}")


def marks(folder: Path) -> list[str]:
    """The tables that still hold what `mark` put there."""
    with closing(duckdb.connect(folder / "warehouse.duckdb", read_only=True)) as warehouse:
        return [
            table
            for table, (column, _) in _MARKED.items()
            if warehouse.sql(f"from {table} where {column} = '{_MARK}'").fetchall()
        ]


def tables_of(folder: Path) -> Tables:
    """Rows of every table, but for the marked line's, and a hash in no order of rows or columns."""
    with closing(duckdb.connect(folder / "warehouse.duckdb", read_only=True)) as warehouse:
        columns: dict[str, list[str]] = {}
        for schema, table, column in warehouse.sql(_COLUMNS).fetchall():
            if table not in _NOT_COMPARED and column not in _BOOKKEEPING:
                columns.setdefault(f"{schema}.{table}", []).append(f'"{column}"')
        return {table: count_and_hash(warehouse, table, names) for table, names in columns.items()}


def count_and_hash(
    warehouse: duckdb.DuckDBPyConnection, table: str, columns: list[str]
) -> tuple[int, int]:
    keys = {"event_uuid": _UNTOUCHED, "uuid": _UNTOUCHED, "person_id": _LONER, "device_id": _LONER}
    there = keys.keys() & {name.strip('"') for name in columns}
    others = " and ".join(f"{key} is distinct from '{keys[key]}'" for key in there) or "true"
    row = f"hash({', '.join(sorted(columns))})"
    query = f"select count(*), coalesce(bit_xor({row}), 0) from {table} where {others}"
    return warehouse.sql(query).fetchall()[0]


def test_the_tables_are_those_of_a_whole_build(grown: Grown) -> None:
    assert len(grown.grown) > 30
    assert {name for name in grown.whole if grown.whole[name] != grown.grown[name]} == set()
    assert grown.whole.keys() == grown.grown.keys()


def test_what_nothing_touched_is_not_built_again(grown: Grown) -> None:
    after_a_changed_type, after_new_lines = grown.marked
    assert after_a_changed_type == sorted(_MARKED.keys() - {"marts.events"})
    assert after_new_lines == sorted(_MARKED)
    assert marks(grown.folder) == []


def test_a_changed_type_builds_the_table_anew_and_says_so(grown: Grown) -> None:
    types = dict(grown.ask("select name, type from pragma_table_info('marts.events')"))
    assert types["event_properties_price"] == "DOUBLE"
    assert "event_properties_price is DOUBLE now (BIGINT before)" in grown.said


def test_a_build_says_which_properties_are_new_and_which_have_vanished(grown: Grown) -> None:
    assert "new path (" in grown.said
    drift = grown.ask("select path, drift from marts.property_drift order by path, drift")
    assert ("/new", "new path") in drift
    assert ("/price", "new type") in drift


def test_a_corrected_duplicate_takes_its_values_back(grown: Grown) -> None:
    kinds = grown.ask("select kinds from marts.property_catalog where path = '/version'")
    assert kinds == [({"integer": 1},)]
    versions = grown.ask(
        "select event_properties_version from marts.events"
        " where right(event_uuid::varchar, 17) = '8000-000000000003'"
    )
    assert versions == [(2,)]


def test_colliding_names_are_numbered_by_who_came_first(grown: Grown) -> None:
    names = "select path, column_name from intermediate.int_property_paths where same_names > 1"
    assert dict(grown.ask(names)) == {
        "/Plan": "event_properties_plan",
        "/plan": "event_properties_plan__2",
    }


def test_a_second_user_takes_old_rows_from_the_devices_person(grown: Grown) -> None:
    row = grown.ask(
        "select distinct_id, person_id from marts.events"
        " where right(event_uuid::varchar, 17) = '8000-000000000002'"
    )
    assert row == [("jane", "jane")]
    status = "select status from marts.distinct_ids where id = 'd1'"
    assert grown.ask(status) == [("shared_device",)]


def test_a_group_type_that_falls_to_sixth_is_no_longer_sent(grown: Grown) -> None:
    sent = grown.ask(
        "select count(*) from marts.posthog_events where properties like '%\"$groups\"%'"
    )
    assert sent == [(6,)]
