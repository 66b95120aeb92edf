"""What capture accepted becomes persons and groups, in the order in which it arrived.

Everything here is made of `received` alone, so an old file is simply read again from its start.

- `ingested`: per arrival its person, and that person's properties as they were then.
- `persons`, `person_distinct_ids`, `groups`: who and what there is by now.
- `ingestion_warnings`: what the project's owner is told, and the sender is not.
"""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

import duckdb

from sandbox.groups import Group, Groups
from sandbox.persons import Arrival, Person, Persons

_CHUNK_ROWS = 10_000

_TABLES = """
create or replace table ingested (
    seq bigint,
    person_id uuid,
    person_properties json,
    is_dropped boolean
);

create or replace table persons (
    person_id uuid,
    is_identified boolean,
    created_at timestamp,
    properties json
);

create or replace table person_distinct_ids (distinct_id varchar, person_id uuid);

create or replace table groups (
    group_type varchar,
    group_key varchar,
    created_at timestamp,
    properties json
);

create or replace table ingestion_warnings (
    event_uuid uuid,
    type varchar,
    other varchar,
    distinct_id varchar
);
"""

_ARRIVALS = """
select seq, uuid::varchar, event, distinct_id, "timestamp", options, properties
from received
where seq > $after and seq <= $last
order by seq
"""

Row = dict[str, Any]


class Ingestion:
    """The persons and groups of one project, beside its `received` on the same connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._connection.execute(_TABLES)
        self._persons, self._groups = Persons(), Groups()
        self._ingested = 0

    def catch_up(self, last: int) -> None:
        """Ingest what was received up to this number."""
        if self._ingested == last:
            return
        while self._ingested < last:
            until = min(self._ingested + _CHUNK_ROWS, last)
            window = {"after": self._ingested, "last": until}
            found = self._connection.execute(_ARRIVALS, window).fetchall()
            self._insert("ingested", [self._ingest(*row) for row in found])
            self._ingested = until
        self._refresh()

    def _ingest(
        self, seq: int, uuid: str, event: str, distinct_id: str, at: datetime, *bags: str
    ) -> Row:
        options, properties = map(json.loads, bags)
        has_person = options.get("process_person_profile") is not False
        arrival = Arrival(uuid, event, distinct_id, at, properties, has_person)
        self._groups.arrive(arrival)
        person = self._persons.arrive(arrival)
        if person is None:
            return {"seq": seq, "is_dropped": True}
        return {"seq": seq, "person_id": str(person.id), "person_properties": person.properties}

    def _refresh(self) -> None:
        changes = self._persons.changes()
        self._replace("persons", ["person_id"], map(_person_row, changes.persons.items()))
        self._connection.execute("delete from persons where created_at is null")
        ids = map(_id_row, changes.distinct_ids.items())
        self._replace("person_distinct_ids", ["distinct_id"], ids)
        groups = map(_group_row, self._groups.changes())
        self._replace("groups", ["group_type", "group_key"], groups)
        warnings = (warned._asdict() for warned in changes.warnings)
        self._replace("ingestion_warnings", ["event_uuid", "type"], warnings)

    def _replace(self, table: str, key: list[str], rows: Iterable[Row]) -> None:
        """Put rows in place of those with the same key."""
        same = " and ".join(f"{table}.{name}::varchar = fresh.{name}" for name in key)
        for chunk in _chunks(rows):
            self._fill_fresh(chunk)
            self._connection.execute(f"delete from {table} using fresh where {same}")
            self._connection.execute(f"insert into {table} by name from fresh")

    def _insert(self, table: str, rows: list[Row]) -> None:
        self._fill_fresh(rows)
        self._connection.execute(f"insert into {table} by name from fresh")

    def _fill_fresh(self, rows: list[Row]) -> None:
        columns = dict.fromkeys((name for row in rows for name in row), "VARCHAR")
        self._connection.execute(
            "create or replace temp table fresh as"
            " select unnest(from_json($rows, $structure), recursive := true)",
            {"rows": json.dumps(rows), "structure": json.dumps([columns])},
        )


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, _CHUNK_ROWS)):
        yield chunk


def _person_row(found: tuple[UUID, Person | None]) -> Row:
    person_id, person = found
    if person is None:
        return {"person_id": str(person_id)}
    return {
        "person_id": str(person_id),
        "is_identified": person.is_identified,
        "created_at": str(person.created_at),
        "properties": person.properties,
    }


def _id_row(found: tuple[str, UUID]) -> Row:
    distinct_id, person_id = found
    return {"distinct_id": distinct_id, "person_id": str(person_id)}


def _group_row(group: Group) -> Row:
    return {
        "group_type": group.type,
        "group_key": group.key,
        "created_at": str(group.created_at),
        "properties": group.properties,
    }
