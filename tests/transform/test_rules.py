"""What counts as a change of a model's rules, on the project's own manifest."""

import pytest
from dbt.artifacts.schemas.manifest import WritableManifest
from dbt.contracts.graph.manifest import Manifest

from dbt_project.rules import model_rules
from tests.conftest import Demo

CENSUS, LINES = "int_property_census", "stg_amplitude__lines"
EVENTS = {"events", "sessions", "users"}
PROJECT = "amplitude_to_posthog"


@pytest.fixture
def manifest(demo: Demo) -> Manifest:
    path = demo.folder / "dbt" / "target" / "manifest.json"
    return Manifest.from_writable_manifest(WritableManifest.read_and_check_versions(str(path)))


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    assert before.keys() == after.keys()
    return {model for model in before if before[model] != after[model]}


def test_the_same_project_has_the_same_rules(manifest: Manifest) -> None:
    rules = model_rules(manifest, {})
    assert {CENSUS, LINES} | EVENTS <= rules.keys()
    assert changed(rules, model_rules(manifest, {})) == set()


def test_a_macro_changes_the_models_that_use_it_and_those_after_them(manifest: Manifest) -> None:
    before = model_rules(manifest, {})
    manifest.macros[f"macro.{PROJECT}.json_kind"].macro_sql += "-- another rule"
    assert changed(before, model_rules(manifest, {})) == {CENSUS} | EVENTS


def test_a_macro_that_another_macro_uses_counts(manifest: Manifest) -> None:
    before = model_rules(manifest, {})
    manifest.macros[f"macro.{PROJECT}.utc_timestamp"].macro_sql += "-- another rule"
    assert changed(before, model_rules(manifest, {})) == set(before)


def test_a_seed_changes_what_reads_it(manifest: Manifest) -> None:
    before = model_rules(manifest, {})
    manifest.nodes[f"seed.{PROJECT}.property_names"].checksum.checksum = "another"
    expected = {"int_user_snapshots", "int_posthog_events", "int_person_states"} | EVENTS
    assert changed(before, model_rules(manifest, {})) == expected


def test_a_setting_changes_what_names_it(manifest: Manifest) -> None:
    before = model_rules(manifest, {"MAX_COLUMNS": "300"})
    assert changed(before, model_rules(manifest, {"MAX_COLUMNS": "10"})) == EVENTS


def test_a_description_changes_nothing(manifest: Manifest) -> None:
    before = model_rules(manifest, {})
    for node in manifest.nodes.values():
        node.description = "another"
    assert changed(before, model_rules(manifest, {})) == set()
