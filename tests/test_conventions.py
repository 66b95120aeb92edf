"""What the repository promises about itself, read from its own files."""

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from dbt_project.settings import TransformSettings
from extract.settings import ExtractSettings
from load.settings import LoadSettings
from pipeline.settings import Settings
from pipeline.warehouse import limits
from tests.conftest import ROOT, Demo
from tests.stages import kept, run_cold

README = (ROOT / "README.md").read_text()
JUSTFILE = (ROOT / "justfile").read_text()
RECIPE = re.compile(r"^([a-z][a-z-]*)(?: [*+]?[A-Z]+)*:", re.MULTILINE)
STAGES = (Settings, ExtractSettings, TransformSettings, LoadSettings)
SETTINGS = sorted({field.upper() for stage in STAGES for field in stage.model_fields})
MAY_IMPORT = {
    "pipeline": set(),
    "extract": {"pipeline"},
    "load": {"pipeline"},
    "operate": {"pipeline"},
    "dbt_project": {"pipeline"},
    "sandbox": set(),
}
READ_BY_LOAD = {"posthog_aliases", "posthog_events", "posthog_groups", "posthog_persons"}


@pytest.mark.parametrize("recipe", RECIPE.findall(JUSTFILE))
def test_every_recipe_has_its_line_in_the_list_and_in_the_readme(recipe: str) -> None:
    assert re.search(rf"^# [A-Z].*\n(?:\[.*\]\n)?{recipe}\b", JUSTFILE, re.MULTILINE)
    assert f"`just {recipe}`" in README


def test_the_readme_shows_what_the_demo_prints(demo: Demo) -> None:
    (shown,) = re.findall(r"It ends like this:\n\n```\n(.*?)```", README, re.DOTALL)
    for line in shown.splitlines():
        assert line.strip() == "..." or "http://" in line or line in demo.printed


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_setting_is_explained_in_the_example(setting: str) -> None:
    example = (ROOT / ".env.example").read_text()
    assert re.search(rf"^# .+\n(?:#.*\n)*#?{setting}=", example, re.MULTILINE)


def test_the_example_names_no_setting_that_nothing_reads() -> None:
    named = re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == SETTINGS


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_arrows_only_go_right(room: str) -> None:
    """Stages meet in the stores: none imports another."""
    imported = {name for path in (ROOT / room).rglob("*.py") for name in imports(path)}
    assert imported & MAY_IMPORT.keys() <= MAY_IMPORT[room] | {room}


def imports(path: Path) -> set[str]:
    """The top-level packages that a module imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.fixture(scope="module")
def manifest(demo: Demo) -> dict[str, Any]:
    path = demo.folder / "dbt" / "target" / "manifest.json"
    nodes: dict[str, Any] = json.loads(path.read_text())
    return nodes


def models(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    return [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]


def test_every_model_has_a_grain_and_documented_columns(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        assert model["description"].startswith("One "), model["name"]
        assert all(column["description"] for column in model["columns"].values()), model["name"]


def test_every_model_has_a_tested_key(manifest: dict[str, Any]) -> None:
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        if (node.get("test_metadata") or {}).get("name") in {"key", "unique"}
    }
    # These views group by their key, or join tables by keys that are tested.
    views = {"int_events_identified", "int_events_judged"}
    views |= {"int_identity_counts", "int_identity_users"}
    keyless = {"stg_amplitude__lines"} | views
    expected = {model["unique_id"] for model in models(manifest) if model["name"] not in keyless}
    assert expected <= tested


def test_only_staging_reads_raw(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        reads_raw = any(".amplitude." in parent for parent in model["depends_on"]["nodes"])
        assert not reads_raw or model["fqn"][1] == "staging", model["name"]


def test_a_models_name_tells_its_layer(manifest: dict[str, Any]) -> None:
    prefixes = {"staging": "stg_amplitude__", "intermediate": "int_", "marts": ""}
    for model in models(manifest):
        assert model["name"].startswith(prefixes[model["fqn"][1]])
        assert model["schema"] == model["fqn"][1]


def test_what_load_reads_is_under_contract(manifest: dict[str, Any]) -> None:
    enforced = {
        model["name"] for model in models(manifest) if model["config"]["contract"]["enforced"]
    }
    assert READ_BY_LOAD | {"distinct_ids", "rejected_events"} <= enforced


def test_models_are_sql_without_control_blocks() -> None:
    for path in (ROOT / "dbt_project" / "models").rglob("*.sql"):
        assert "{%" not in path.read_text(), path.name


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "requirements-buckets.txt"]
)
def test_every_dependency_is_pinned_with_hashes_and_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    for pin in re.split(r"\n(?=\S)", re.sub(r"^ +#.*\n", "", text, flags=re.MULTILINE)):
        assert "==" in pin.splitlines()[0]
        assert "--hash=sha256:" in pin


def test_every_process_collects_the_same_tests(request: pytest.FixtureRequest) -> None:
    """Else they could not share the work: no name holds the time or the order of a set."""
    collected = run_cold(["-m", "pytest", "--collect-only", "--quiet"], kept()).stdout
    here = {item.nodeid for item in request.session.items}
    assert here - set(collected.splitlines()) == set()


def test_ci_runs_the_readmes_own_command() -> None:
    (command,) = re.findall(r"^(python3 -m venv .*just check)$", README, re.MULTILINE)
    for path in (".ci/run", ".github/workflows/check.yml"):
        assert command in (ROOT / path).read_text(), path


def test_dbt_opens_the_warehouse_as_all_stages_do() -> None:
    """Once, for what dbt's `settings` say is said again for each model, which DuckDB may refuse."""
    profile = (ROOT / "profiles.yml").read_text()
    config_options = re.search(r"config_options:\n((?: {8}.*\n)+)", profile)
    assert config_options
    assert (
        set(re.findall(r"^ +(\w+):", config_options[1], re.MULTILINE)) == limits(Settings()).keys()
    )
    assert not re.search(r"^ +settings:", profile, re.MULTILINE)
