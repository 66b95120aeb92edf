"""What a build has to know of the one before it, and what it says about the difference.

`marts.last_build` is the verdict on the marts as they stand: load refuses those of a build that
failed or was killed. `intermediate.model_rules` holds the rules that each incremental model was
built by, `previous_build` what the catalogue said when a build last succeeded.
"""

import json
from collections.abc import Iterator, Mapping

import duckdb

_PREPARE = """
create schema if not exists intermediate;
create schema if not exists previous_build;
create table if not exists intermediate.model_rules (
    model varchar primary key, wanted varchar, built varchar
);
create table if not exists previous_build.property_catalog (
    bag varchar, event_type varchar, path varchar, kinds map(varchar, bigint), events bigint,
    share double, column_name varchar, column_type varchar
);
create table if not exists previous_build.event_types (event_type varchar, events bigint);
create table if not exists previous_build.since_compaction as select 0 as builds;
"""
_BEGIN = """
drop schema if exists test_failures cascade;
create schema if not exists marts;
create table if not exists marts.last_build as select false as succeeded;
"""
_KEEP = """
create or replace table previous_build.property_catalog as
select bag, event_type, path, kinds, events, share, column_name, column_type
from marts.property_catalog;
create or replace table previous_build.event_types as
select event_type, events from marts.event_types;
"""
_WANT = """
insert into intermediate.model_rules (model, wanted)
select unnest(map_keys(rules)), unnest(map_values(rules))
from (select from_json($rules, '"MAP(VARCHAR, VARCHAR)"') as rules)
on conflict (model) do update set wanted = excluded.wanted
"""
_OUTDATED = """
select model from intermediate.model_rules where built <> wanted order by model
"""
_CHANGED_COLUMNS = """
with
    before as (
        select distinct column_name, column_type
        from previous_build.property_catalog
        where column_name is not null
    ),
    now as (
        select distinct column_name, column_type
        from marts.property_catalog
        where column_name is not null
    )
select coalesce(now.column_name, before.column_name), before.column_type, now.column_type
from before
full join now on before.column_name = now.column_name
where before.column_type is distinct from now.column_type and exists (from before)
order by 1
"""
_DRIFT = "select drift, count(*) from marts.property_drift group by drift order by drift"
_COUNT_BUILD = "update previous_build.since_compaction set builds = builds + 1 returning builds"
_COMPACT = """
set max_vacuum_tasks = 100;
checkpoint;
set max_vacuum_tasks = 0;
update previous_build.since_compaction set builds = 0;
"""
_BUILDS_TO_COMPACT = 10
_NAMED_COLUMNS = 5


def prepare(connection: duckdb.DuckDBPyConnection, rules: Mapping[str, str]) -> None:
    """Write down what any run of dbt needs: the rules that the models are to be built by."""
    connection.execute(_PREPARE)
    connection.execute(_WANT, {"rules": json.dumps(rules)})


def begin(connection: duckdb.DuckDBPyConnection, rules: Mapping[str, str]) -> Iterator[str]:
    """Begin a whole build; yields what a user should hear before it."""
    prepare(connection, rules)
    connection.execute(_BEGIN)
    succeeded = connection.sql("select bool_and(succeeded) from marts.last_build").fetchone()
    if succeeded == (True,):
        connection.execute(_KEEP)
    connection.execute("create or replace table marts.last_build as select false as succeeded")
    outdated = [model for (model,) in connection.sql(_OUTDATED).fetchall()]
    if outdated:
        yield f"Rules have changed: built anew are {', '.join(outdated)}."


def end(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """Mark the build as good; yields what it changed for those who read its tables."""
    connection.execute("update marts.last_build set succeeded = true")
    yield from _columns(connection.sql(_CHANGED_COLUMNS).fetchall())
    for drift, count in connection.sql(_DRIFT).fetchall():
        yield (
            f"Drift since the last build: {drift} ({count}). "
            f"Look: just sql \"from marts.property_drift where drift = '{drift}'\""
        )


def compact(connection: duckdb.DuckDBPyConnection) -> Iterator[str]:
    """After every tenth build, put together what the builds have left in small pieces.

    Each load of new lines leaves row groups of its own, and dead rows where it replaced others.
    DuckDB would rewrite them at each checkpoint: after a small load that took longer than to build
    it. Yields what a user should hear before it.
    """
    ((builds,),) = connection.sql(_COUNT_BUILD).fetchall()
    if builds >= _BUILDS_TO_COMPACT:
        yield f"Compacting the warehouse, as after every {_BUILDS_TO_COMPACT} builds."
        connection.execute(_COMPACT)


def _columns(changes: list[tuple[str, str | None, str | None]]) -> Iterator[str]:
    for name, before, now in changes[:_NAMED_COLUMNS]:
        if before is None:
            yield f"marts.events has a new column {name} ({now})."
        elif now is None:
            yield f"marts.events was built anew: {name} is no column any more."
        else:
            yield f"marts.events was built anew: {name} is {now} now ({before} before)."
    if len(changes) > _NAMED_COLUMNS:
        yield f"... and {len(changes) - _NAMED_COLUMNS} columns more."
