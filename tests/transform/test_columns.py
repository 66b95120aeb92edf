"""Columns that come from the catalogue, as later loads change it."""

import json
import shutil
from pathlib import Path

import duckdb

from tests.conftest import Demo, succeed

_RIVALS = """
select path
from intermediate.int_property_paths
where bag = 'user_properties' and plain_name = 'city'
order by column_name
"""
_OLDER_LINE = """
insert into raw.events by name
select * replace (
    gen_random_uuid()::varchar as uuid,
    '1971-01-01 00:00:00' as event_time,
    $properties as user_properties,
    _dlt_load_id || '1' as _dlt_load_id
)
from raw.events
where user_properties like '%"city"%'
order by uuid
limit 1
"""
_WRONG = """
select count(*)
from marts.events
where
    user_properties_city is distinct from (user_properties ->> $first)
    or user_properties_city__2 is distinct from (user_properties ->> $second)
"""


def test_values_move_with_their_column_when_an_older_event_numbers_it_anew(
    demo: Demo, tmp_path: Path
) -> None:
    """Of `city` and `City`, the one that was seen first goes by the plain name."""
    shutil.copy(demo.folder / "warehouse.duckdb", tmp_path)
    with duckdb.connect(tmp_path / "warehouse.duckdb") as warehouse:
        (first,), (second,) = warehouse.execute(_RIVALS).fetchall()
        properties = json.dumps({second.removeprefix("/"): "Atlantis"})
        warehouse.execute(_OLDER_LINE, {"properties": properties})
    succeed("dbt_project", tmp_path, "run", "--select", "+events")
    with duckdb.connect(tmp_path / "warehouse.duckdb", read_only=True) as warehouse:
        assert warehouse.execute(_RIVALS).fetchall() == [(second,), (first,)]
        moved = {"first": second, "second": first}
        assert warehouse.execute(_WRONG, moved).fetchone() == (0,)
