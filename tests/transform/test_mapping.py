"""The page about the mapping, held against the seeds, the models and what they produce."""

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sandbox.line import KEYS
from tests.conftest import ROOT, Demo

PROJECT = ROOT / "dbt_project"
PAGE, _, IMPORTER = (
    (ROOT / "docs" / "mapping.md").read_text().partition("## What PostHog's importer")
)
FIELDS = PAGE.partition("| beside the events |")[0]
MARTS = ("aliases", "events", "groups", "persons")
# What the page explains and promises nothing by: a name of PostHog's, and a prefix.
EXPLAINED = {"$lib", "$amplitude_"}
_OBJECTS = "['$', '/$set', '/$set_once']"


def seed(name: str) -> list[dict[str, str]]:
    with (PROJECT / "seeds" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def rows(text: str) -> Iterator[list[str]]:
    """The cells of each row of the tables in a text."""
    for line in re.findall(r"^\| (.*) \|$", text, re.MULTILINE):
        yield [cell.strip() for cell in line.split(" | ")]


def names(text: str) -> list[str]:
    """What is spelled as code."""
    return re.findall(r"`([^`]+)`", text)


@pytest.fixture(scope="module")
def produced(demo: Demo, conformed: Path) -> dict[str, set[str]]:
    """The names in payloads by where they stand: `$` for the event, `/$set` for the person."""
    found: dict[str, set[str]] = {}
    for folder in (demo.folder, conformed):
        with duckdb.connect(folder / "warehouse.duckdb", read_only=True) as warehouse:
            for mart in MARTS:
                query = f"""
                    select unnest({_OBJECTS}), unnest(json_keys(properties, {_OBJECTS}))
                    from marts.posthog_{mart}
                """
                for place, keys in warehouse.sql(query).fetchall():
                    found.setdefault(place, set()).update(keys or [])
    return found


def test_every_key_of_an_export_has_a_row() -> None:
    told = [names(cells[0])[0] for cells in rows(FIELDS) if names(cells[0])]
    assert sorted(told) == sorted(KEYS)
    assert "| any other key | `$amplitude_extra` |" in FIELDS


def test_every_name_that_the_page_promises_is_produced(produced: dict[str, set[str]]) -> None:
    known = {name for place in produced.values() for name in place}
    known |= {row["posthog_name"] for row in seed("property_names")}
    known |= {row["posthog_event"] for row in seed("event_names")}
    theirs = {row["amplitude_name"] for row in seed("property_names")} | set(KEYS)
    theirs |= {row["event_type"] for row in seed("event_names")} | {"$groupidentify"}
    promised = {name for name in names(PAGE) if re.fullmatch(r"\$\w+", name)}
    assert promised - known - theirs == EXPLAINED
    assert len(promised & known) > 90


def test_every_special_name_that_is_produced_is_on_the_page(produced: dict[str, set[str]]) -> None:
    written = set(names(PAGE))
    special = {name for place in produced.values() for name in place if name.startswith("$")}
    assert special - written == set()
    assert {"analytics_source", "historical_migration"} <= produced["$"]


def test_no_name_of_a_users_bag_acts_in_posthog(produced: dict[str, set[str]]) -> None:
    """The demo's events try: they have properties `$set`, `$groups` and `$ip` of their own."""
    assert {"amplitude_$set", "amplitude_$groups", "amplitude_$ip"} <= produced["$"]
    assert "amplitude_amplitude_cohort_ids" in produced["/$set"]


def test_every_row_of_the_seed_of_properties_is_on_the_page() -> None:
    for row in seed("property_names"):
        assert f"`{row['posthog_name']}`" in PAGE, row
        if row["bag"] == "event_properties" and not row["amplitude_name"].startswith("/"):
            places = [cells[1] for cells in rows(PAGE) if row["posthog_name"] in names(cells[0])]
            source = row["amplitude_name"].removeprefix("[Amplitude] ").removesuffix(" Value")
            assert any(source in place for place in places), row


def test_every_row_of_the_seed_of_events_is_on_the_page() -> None:
    told = {name: cells[1] for cells in rows(PAGE) for name in names(cells[0])}
    for row in seed("event_names"):
        place = told[row["event_type"]]
        if row["excluded"] == "true":
            assert place.startswith("not sent"), row
        else:
            assert names(place)[0] == row["posthog_event"]
            extra = json.loads(row["properties"] or "{}")
            assert names(place)[1:] == [word for item in extra.items() for word in item]


def test_every_reason_not_to_send_is_on_the_page_and_in_the_models(demo: Demo) -> None:
    (table,) = re.findall(r"\| reason \| when \|\n(.*?)\n\n", PAGE, re.DOTALL)
    told = {names(cells[0])[0] for cells in rows(table) if names(cells[0])}
    models = "".join(path.read_text() for path in (PROJECT / "models").rglob("*.sql"))
    assert {reason for reason in told if f"'{reason}'" not in models} == set()
    assert set(re.findall(r"then '([a-z -]+)'\n", judged())) <= told
    with duckdb.connect(demo.folder / "warehouse.duckdb", read_only=True) as warehouse:
        found = warehouse.sql("select distinct reason from marts.rejected_events").fetchall()
    assert {reason for (reason,) in found} <= told


def judged() -> str:
    return (PROJECT / "models" / "intermediate" / "int_events_judged.sql").read_text()


def test_the_page_names_every_seed_that_decides() -> None:
    for name in ("event_names", "property_names", "country_codes", "languages", "device_types"):
        assert f"`{name}`" in PAGE
    assert "PostHog's importer" in IMPORTER
