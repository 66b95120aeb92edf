"""The models' own unit tests, on the demo's warehouse: dbt reads the types of columns from it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Demo, succeed

JSON = dict[str, Any]


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
    models = {
        node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "model"
    }
    assert models == {test["model"] for test in manifest["unit_tests"].values()}
