"""The least that transform could cost: both bags parsed once, the wide table written.

python -m bench.floor WAREHOUSE TABLE_FILE

DuckDB alone reads `raw.events` of a warehouse that was built before, and writes what the catalogue
of that build has decided on into a new file: no identity, no census, no duplicates, no test. It
imports neither dbt nor dlt, so that a start costs it next to nothing.
"""

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from pipeline.settings import Settings, load_environment
from pipeline.warehouse import connect

_BAGS = ("event_properties", "user_properties")
_COLUMNS = """
select bag, path, column_type
from built.intermediate.int_property_paths
where column_name is not null
order by column_name
"""
_WIDE = """
create table wide as
select
    try_cast(uuid as uuid) as event_uuid,
    event_type,
    try_cast(event_time as timestamp) as event_at,
    try_cast(server_received_time as timestamp) as server_received_at,
    try_cast(server_upload_time as timestamp) as server_upload_at,
    try_cast(user_creation_time as timestamp) as user_created_at,
    user_id,
    device_id,
    try_cast(amplitude_id as bigint) as amplitude_id,
    try_cast(session_id as bigint) as session_id,
    try_cast(event_id as bigint) as event_id,
    try_cast(location_lat as double) as location_lat,
    try_cast(location_lng as double) as location_lng,
    try_cast(paying as boolean) as is_paying,
    insert_id, platform, library, version_name, language, os_name, os_version, device_family,
    device_type, device_model, device_manufacturer, country, region, city, ip_address,
    event_properties, user_properties, groups, group_properties, export_file,
    unnest(from_json(event_properties, $event_properties), recursive := true),
    unnest(from_json(user_properties, $user_properties), recursive := true)
from built.raw.events
"""

Spec = dict[str, Any]
"""What from_json is to make of a bag, as in `{"amount": "DOUBLE", "address": {...}}`."""


def main(warehouse: str, table_file: str) -> None:
    """Write the wide table of a built warehouse to a new file."""
    load_environment()
    Path(table_file).unlink(missing_ok=True)
    with closing(connect(Path(table_file), Settings.read())) as connection:
        connection.execute(f"attach '{warehouse}' as built (read_only)")
        specs = _specs(connection)
        connection.execute(_WIDE, {bag: json.dumps(specs[bag]) for bag in _BAGS})


def _specs(connection: duckdb.DuckDBPyConnection) -> dict[str, Spec]:
    specs: dict[str, Spec] = {bag: {} for bag in _BAGS}
    for bag, path, column_type in connection.sql(_COLUMNS).fetchall():
        _place(specs[bag], [_key(token) for token in path[1:].split("/")], column_type)
    return specs


def _place(spec: Spec, keys: list[str], column_type: str) -> None:
    """Put a type where its path says; DuckDB takes keys that differ only in case for one field."""
    *parents, last = keys
    for key in parents:
        spec = spec.setdefault(key, {})
    if last.lower() not in map(str.lower, spec):
        spec[last] = column_type


def _key(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


if __name__ == "__main__":
    main(*sys.argv[1:])
