"""Data tests that guard the catalogue and name oddities: each finds what it is there for."""

import json
import shutil
from pathlib import Path

import duckdb

from tests.conftest import Demo, run_stage

_HARM = {
    "catalogue_counts_add_up": """
        delete from intermediate.int_property_kinds
        where path = '/visits' and event_type = 'order_paid'
    """,
    "every_value_is_in_its_column": """
        update marts.events set user_properties_visits = null where event_type = 'order_shipped'
    """,
    "key_repairs_event_uuid__export_key__rule": """
        update marts.repairs set rule = null where export_key = 'event_time'
    """,
    "key_sessions_person_id__device_id__session_id": """
        update marts.sessions set device_id = null where events = 1
    """,
    "key_users_person_id": """
        insert into marts.users from (from marts.users limit 1)
    """,
    "no_event_stands_for_others": """
        update staging.stg_amplitude__lines set sample_rate = '0.1' where event_type = 'order_paid'
    """,
    "no_group_type_is_left_out": """
        insert into intermediate.int_group_types values ('sixth', 1, 6)
    """,
}


def test_each_finds_what_it_is_there_for(demo: Demo, tmp_path: Path) -> None:
    shutil.copy(demo.folder / "warehouse.duckdb", tmp_path)
    with duckdb.connect(tmp_path / "warehouse.duckdb") as warehouse:
        for harm in _HARM.values():
            warehouse.execute(harm)
    done = run_stage("dbt_project", tmp_path, "test", "--select", *_HARM)
    assert done.returncode == 1
    path = tmp_path / "dbt" / "target" / "run_results.json"
    results = json.loads(path.read_text())["results"]
    assert {result["unique_id"].split(".")[2]: result["status"] for result in results} == {
        "catalogue_counts_add_up": "fail",
        "every_value_is_in_its_column": "warn",
        "key_repairs_event_uuid__export_key__rule": "fail",
        "key_sessions_person_id__device_id__session_id": "fail",
        "key_users_person_id": "fail",
        "no_event_stands_for_others": "warn",
        "no_group_type_is_left_out": "warn",
    }
    with duckdb.connect(tmp_path / "warehouse.duckdb", read_only=True) as warehouse:
        found = warehouse.table("test_failures.key_repairs_event_uuid__export_key__rule")
        assert found.project("missing").distinct().fetchall() == [("rule",)]
