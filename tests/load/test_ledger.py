"""What was delivered stays delivered, whatever becomes of the marts; refusals can go again."""

import shutil
from pathlib import Path

import pytest

from sandbox import capture
from sandbox.capture_faults import drop, judging
from tests.load.conftest import OTHER_PROJECT, Stage, one_line, row, shown

EVENTS = [row(number) for number in range(20)]
SET = {"number": 1, "$set": {"plan": "pro"}, "$set_once": {"first": 1}}


def refuse_event_1(stage: Stage) -> None:
    refused = judging(lambda event: drop("too_odd") if event["event"] == "event 1" else None)
    stage.faults.always(capture.PATH, refused)


def forgive(stage: Stage) -> None:
    stage.faults.always(capture.PATH, lambda request, respond: respond(request))


def test_a_warehouse_built_again_changes_nothing(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.run()
    (stage.data_dir / "warehouse.duckdb").unlink()
    stage.fill(events=list(reversed(EVENTS)))
    assert shown(stage.run().stdout, "already delivered") == "20"
    assert stage.received() == 20


def test_a_changed_payload_is_counted_and_listed_and_not_sent(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.run()
    stage.fill(events=[row(0, properties={"new": True}), *EVENTS[1:]])
    result = stage.run()
    assert shown(result.stdout, "payload changed since delivered") == "1"
    assert "delivery.changed" in result.stdout
    assert stage.ledger("select change, event_now from changed") == [("payload", "event 0")]
    assert stage.received() == 20


def test_a_changed_payload_is_sent_again_when_asked_without_acting_on_its_person(
    stage: Stage,
) -> None:
    stage.fill(events=EVENTS, persons=[row(99, event="$set", properties=SET)])
    stage.run()
    stage.fill(
        events=[row(0, properties=SET), *EVENTS[1:]],
        persons=[row(99, event="$set", properties={**SET, "more": 1})],
    )
    assert stage.run(LOAD_RESEND_CHANGED="true").returncode == 0
    assert stage.received() == 22
    uuid = row(0)["uuid"]
    kept = stage.posthog.query("select properties from events where uuid = $uuid", {"uuid": uuid})
    assert kept == [('{"number":1}',)]
    result = stage.run(LOAD_RESEND_CHANGED="true")
    assert shown(result.stdout, "events accepted") == "0"
    assert stage.ledger("select count(*), count(distinct uuid) from delivered") == [(21, 21)]


@pytest.mark.parametrize(
    ("now", "change"),
    [
        ({"event": "renamed"}, "key"),
        ({"distinct_id": "stranger"}, "key"),
        ({"timestamp": "2024-03-02 00:00:00"}, "key"),
        ({"distinct_id": "ann"}, "key, same person"),
        ({"distinct_id": "ann", "event": "renamed"}, "key"),
    ],
)
def test_a_changed_key_is_listed_and_never_sent(
    stage: Stage, now: dict[str, str], change: str
) -> None:
    stage.fill(events=[*EVENTS, row(100, distinct_id="ann's phone", timestamp="2024-03-01")])
    stage.identify(**{"ann": "ann", "ann's phone": "ann"})
    stage.run()
    stage.fill(
        events=[
            *EVENTS,
            row(100, **{"distinct_id": "ann's phone", "timestamp": "2024-03-01", **now}),
        ]
    )
    stage.identify(**{"ann": "ann", "ann's phone": "ann"})
    result = stage.run(LOAD_RESEND_CHANGED="true", LOAD_FORCE="true")
    assert shown(result.stdout, "key changed since delivered") == "1"
    assert stage.received() == 21
    assert stage.ledger(
        "select change, distinct_id_then, event_then, day_then::varchar from changed"
    ) == [(change, "ann's phone", "event 0", "2024-03-01")]


def test_what_todays_rules_would_not_send_is_listed(stage: Stage) -> None:
    """Final states are replaced by newer ones, which is no news."""
    alias = row(90, event="$create_alias", distinct_id="ann", timestamp="2024-03-01")
    stage.fill(events=EVENTS, aliases=[alias], persons=[row(99, event="$set")])
    stage.run()
    stage.fill(events=EVENTS[1:], persons=[row(98, event="$set")])
    result = stage.run()
    assert shown(result.stdout, "delivered, no longer in the marts") == "2"
    assert stage.ledger(
        "select change, phase, event_then, distinct_id_then from changed order by phase"
    ) == [
        ("gone", "aliases", "$create_alias", "ann"),
        ("gone", "events", "event 0", EVENTS[0]["distinct_id"]),
    ]
    stage.fill(events=EVENTS, aliases=[alias])
    assert "delivery.changed" not in stage.run().stdout
    assert stage.ledger("from changed") == []


def test_replay_sends_what_was_refused_and_nothing_else(stage: Stage) -> None:
    refuse_event_1(stage)
    stage.fill(events=EVENTS)
    stage.run()
    assert stage.ledger("select count(*) from refused") == [(4,)]
    forgive(stage)
    stage.fill(events=[*EVENTS, row(500)])
    assert stage.run("replay").returncode == 0
    assert stage.received() == 20
    assert stage.ledger("select count(*) from refused") == [(0,)]
    assert stage.ledger("select count(*) from delivered") == [(20,)]


def test_what_is_refused_again_stands_once_with_the_last_words(stage: Stage) -> None:
    refuse_event_1(stage)
    stage.fill(events=EVENTS)
    stage.run()
    stage.faults.always(capture.PATH, judging(lambda _: drop("still_odd")))
    stage.run("replay")
    assert stage.ledger("select reason, count(*) from refused group by all") == [("still_odd", 4)]


def test_a_flood_of_refusals_stops_the_run(stage: Stage) -> None:
    stage.faults.always(capture.PATH, judging(lambda _: drop("event_restriction_drop")))
    stage.fill(events=EVENTS, persons=[row(99)])
    result = stage.run(LOAD_MAX_REFUSALS="19", LOAD_LANES="1")
    assert result.returncode == 1
    assert "LOAD_MAX_REFUSALS=19" in one_line(result.stderr)
    assert "most often with event_restriction_drop (20)" in one_line(result.stderr)
    assert stage.ledger("select count(*) from refused") == [(20,)]
    assert stage.run(LOAD_MAX_REFUSALS="20").returncode == 0


def test_a_ledger_under_another_destinations_name_is_not_believed(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.run()
    (ledger,) = (stage.data_dir / "delivery").glob("*.duckdb")
    other = stage.run(POSTHOG_PROJECT_TOKEN=OTHER_PROJECT)
    assert other.returncode == 1
    (impostor,) = set((stage.data_dir / "delivery").glob("*.duckdb")) - {ledger}
    shutil.copy(ledger, impostor)
    result = stage.run(POSTHOG_PROJECT_TOKEN=OTHER_PROJECT)
    assert result.returncode == 1
    assert f"is the ledger of {Path(ledger).stem}" in one_line(result.stderr)


def test_names_and_ids_stand_in_the_ledger_as_they_were_sent(stage: Stage) -> None:
    odd = ["plain", 'a "quoted" \\ name', "tab\tnew\nline", "\x1e\x1f", "é😀", "'", " ", "\\u00e9"]
    stage.fill(events=[row(n, event=text, distinct_id=text) for n, text in enumerate(odd)])
    assert stage.run().returncode == 0
    kept = stage.ledger("select event, distinct_id from delivered")
    assert sorted(kept) == sorted((text, text) for text in odd)
