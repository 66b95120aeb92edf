"""The models' own unit tests, on the demo's warehouse: dbt reads the types of columns from it."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Demo, succeed

JSON = dict[str, Any]
_COLUMNS = """
select column_name
from duckdb_columns()
where
    schema_name = $schema
    and table_name = $name
    and not regexp_matches(column_name, '^(event|user)_properties_.')
"""


@pytest.fixture(scope="module")
def target(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt has written what became of the unit tests."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copy(demo.folder / "warehouse.duckdb", folder)
    succeed("dbt_project", folder, "test", "--select", "test_type:unit")
    return folder / "dbt" / "target"


@pytest.fixture(scope="module")
def manifest(target: Path) -> JSON:
    manifest: JSON = json.loads((target / "manifest.json").read_text())
    return manifest


def test_every_unit_test_has_run_and_passes(target: Path, manifest: JSON) -> None:
    results = json.loads((target / "run_results.json").read_text())["results"]
    assert {result["status"] for result in results} == {"pass"}
    assert {result["unique_id"] for result in results} == manifest["unit_tests"].keys()


def test_every_model_has_a_unit_test(manifest: JSON) -> None:
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert tested == {model["name"] for model in models(manifest)}


def test_every_column_is_documented_where_it_is_born_and_in_the_marts(
    demo: Demo, manifest: JSON
) -> None:
    """The catalogue describes the columns that come from it."""
    with duckdb.connect(demo.folder / "warehouse.duckdb", read_only=True) as warehouse:
        for model in models(manifest):
            place = {"schema": model["schema"], "name": model["name"]}
            columns = {column for (column,) in warehouse.execute(_COLUMNS, place).fetchall()}
            is_mart = model["schema"] == "marts"
            known = set(model["columns"]) if is_mart else described(model, manifest)
            assert columns <= known, (model["name"], columns - known)
            assert columns


def described(model: JSON, manifest: JSON) -> set[str]:
    """The columns that are documented in a model or in one before it."""
    known = set(model["columns"])
    for parent in model["depends_on"]["nodes"]:
        if parent.startswith("model."):
            known |= described(manifest["nodes"][parent], manifest)
    return known


def models(manifest: JSON) -> list[JSON]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
