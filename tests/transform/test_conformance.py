"""Beside what PostHog's own importer makes of a line: the same, or what the table says and why."""

import json
import re
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conformance import CASES, Case
from tests.conftest import ROOT
from tests.importer import NOW, RANDOM, imported

Event = dict[str, Any]

NAMES = [case.name for case in CASES]
_OURS = """
select lines.insert_id, events.rejection, sent.*
from staging.stg_amplitude__events as lines
inner join intermediate.int_posthog_events as events using (event_uuid)
left join marts.posthog_events as sent on events.event_uuid = sent.uuid
"""


@pytest.fixture(scope="module")
def ours(conformed: Path) -> dict[str, Event]:
    """By insert id: the event as we send it, or why we do not."""
    with duckdb.connect(conformed / "warehouse.duckdb", read_only=True) as warehouse:
        rows = warehouse.execute(_OURS).fetchall()
    return {
        insert_id: {"event": f"not sent: {rejection}"} if rejection else flat(row)
        for insert_id, rejection, *row in rows
    }


def flat(row: list[Any]) -> Event:
    uuid, event, distinct_id, timestamp, properties, *_ = row
    envelope = {"event": event, "distinct_id": distinct_id}
    return spread(
        {**envelope, "timestamp": str(timestamp), "uuid": str(uuid), **json.loads(properties)}
    )


def spread(event: Event) -> Event:
    """Name the properties of the person by their place: `$set.plan`."""
    inner = {
        f"{place}.{name}": value
        for place in ("$set", "$set_once")
        for name, value in event.get(place, {}).items()
    }
    return {
        name: value for name, value in event.items() if name not in {"$set", "$set_once"}
    } | inner


def theirs(case: Case, number: int) -> Event:
    event = imported(case.line(number))
    return {"event": "not sent"} if event is None else spread(event)


def insert_id(case: Case, number: int) -> str:
    return str(case.line(number)["$insert_id"])


def agree(name: str, theirs: Event, ours: Event) -> bool:
    """Whether both say the same; a line that is not sent needs no reason to agree."""
    if theirs["event"] == "not sent":
        return str(ours["event"]).startswith("not sent")
    return theirs.get(name) == ours.get(name)


@pytest.mark.parametrize(("number", "case"), list(enumerate(CASES)), ids=NAMES)
def test_a_line_becomes_what_the_importer_makes_of_it_or_there_is_a_reason(
    number: int, case: Case, ours: dict[str, Event]
) -> None:
    their, our = theirs(case, number), ours[insert_id(case, number)]
    differing = {name for name in case.looks_at if not agree(name, their, our)}
    assert bool(differing) == bool(case.why)
    if our["event"].startswith("not sent"):
        return
    assert {name for name in their if not agree(name, their, our)} <= differing


def test_the_page_about_the_mapping_shows_the_same_table(ours: dict[str, Event]) -> None:
    page = (ROOT / "docs" / "mapping.md").read_text()
    shown = re.findall(r"^\| .* \|$", page.partition("| an exported line |")[2], re.MULTILINE)
    assert shown == [
        row(case, theirs(case, number), ours[insert_id(case, number)])
        for number, case in enumerate(CASES)
    ]


def row(case: Case, theirs: Event, ours: Event) -> str:
    parties = (told(case.looks_at, theirs), told(case.looks_at, ours))
    return f"| {case.name} | {' | '.join(parties)} | {case.why or 'the same'} |"


def told(names: tuple[str, ...], event: Event) -> str:
    if event["event"].startswith("not sent"):
        return str(event["event"])
    return ", ".join(f"`{name}` {spelled(event.get(name))}" for name in names)


def spelled(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    if value is None:
        return "none"
    return text or "blank" if text in {RANDOM, NOW, ""} else f"`{text}`"
