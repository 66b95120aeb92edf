"""The real command against a local PostHog: each event once, whatever comes between."""

import json
import signal
from contextlib import closing
from datetime import UTC, datetime, timedelta
from threading import Event

import duckdb
import pytest

from sandbox import capture
from sandbox.faults import honest, silent, stored
from tests.load.conftest import OTHER_PROJECT, PROJECT, Stage, one_line, row, shown, until

EVENTS = [row(number) for number in range(300)]


def test_everything_arrives_as_the_marts_have_it(stage: Stage) -> None:
    marts = {
        "aliases": [row(1_000, event="$create_alias")],
        "groups": [row(1_001, event="$groupidentify")],
        "events": EVENTS,
        "persons": [row(1_002, event="$set")],
    }
    stage.fill(**marts)
    result = stage.run()
    assert (result.returncode, stage.received()) == (0, 303)
    arrived = stage.posthog.query(
        'select uuid::varchar, event, distinct_id, "timestamp"::varchar, properties,'
        " options, historical_migration from events order by uuid"
    )
    expected = [
        (
            *(one[name] for name in ("uuid", "event", "distinct_id", "timestamp")),
            json.dumps(one["properties"], separators=(",", ":")),
            "{}",
            True,
        )
        for rows in marts.values()
        for one in rows
    ]
    assert arrived == sorted(expected)


def test_a_second_run_sends_nothing(stage: Stage) -> None:
    stage.fill(aliases=[row(1_000)], events=EVENTS, persons=[row(1_001)])
    assert stage.run().returncode == 0
    result = stage.run()
    assert (result.returncode, stage.received()) == (0, 302)
    assert shown(result.stdout, "events accepted") == "0"
    assert shown(result.stdout, "already delivered") == "302"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_records_what_was_acknowledged(
    stage: Stage, number: signal.Signals
) -> None:
    stage.fill(events=EVENTS)
    with stage.start(LOAD_RATE="40") as process:
        until(lambda: stage.received() > 40)
        process.signal(number)
        _, err = process.communicate()
    assert process.returncode == 130
    assert err.splitlines()[-1] == "Stopped. Run the same command again to go on."
    assert stage.ledger("select count(*) from delivered") == [(stage.received(),)]
    assert stage.ledger("select accepted, finished_at is null from runs") == [
        (stage.received(), False)
    ]
    assert (stage.run().returncode, stage.received()) == (0, 300)


def test_a_second_loader_says_that_the_first_one_runs(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    with stage.start(LOAD_RATE="40") as first:
        until(lambda: stage.received() > 0)
        with stage.start() as other:
            _, err = other.communicate()
        first.kill()
        first.communicate()
    assert other.returncode == 1
    assert f"is in use by process {first.pid}" in one_line(err)


def test_aliases_and_groups_come_before_events_and_persons_after(stage: Stage) -> None:
    stage.fill(
        aliases=[row(9, event="alias", timestamp="2024-05-01 00:00:00")],
        groups=[row(8, event="group", timestamp="2024-05-01 00:00:00")],
        events=[row(number, event="event") for number in range(7)],
        persons=[row(7, event="person", timestamp="2024-01-01 00:00:00")],
    )
    stage.run()
    arrived = stage.posthog.query("select event from received order by seq")
    assert [name for (name,) in arrived] == ["alias", "group", *["event"] * 7, "person"]


def test_each_persons_events_arrive_in_the_order_of_time(stage: Stage) -> None:
    stage.monkeypatch.setattr("load.outbox.SLICE_ROWS", 40)
    stage.monkeypatch.setattr("load.outbox.PORTION_ROWS", 90)
    stage.monkeypatch.setattr("load.batches.Limits.max_events", 30)
    stage.fill(events=[row(n, timestamp=f"2024-03-0{n % 3 + 1} 00:00:00") for n in range(300)])
    assert stage.run(LOAD_LANES="2").returncode == 0
    arrived = stage.posthog.query(
        'select distinct_id, "timestamp", uuid from received order by distinct_id, seq'
    )
    by_person: dict[str, list[tuple[datetime, str]]] = {}
    for distinct_id, timestamp, uuid in arrived:
        by_person.setdefault(distinct_id, []).append((timestamp, str(uuid)))
    assert len(by_person) == 7
    assert all(events == sorted(events) for events in by_person.values())


def test_young_events_wait_and_so_do_their_persons(stage: Stage) -> None:
    young = str(datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=47))
    stage.fill(
        events=[row(1, distinct_id="ann"), row(2, distinct_id="ann", timestamp=young)],
        persons=[row(3, distinct_id="ann"), row(4, distinct_id="ben")],
    )
    result = stage.run()
    assert shown(result.stdout, "waiting (younger than 48 h)") == "2"
    assert stage.received() == 2
    assert stage.run(LOAD_MIN_AGE_HOURS="46").returncode == 0
    assert stage.received() == 4


def test_a_run_can_be_limited_to_days(stage: Stage) -> None:
    stage.fill(
        aliases=[row(9)],
        events=[row(n, timestamp=f"2024-03-0{n} 23:59:59.999") for n in range(1, 6)],
    )
    result = stage.run(LOAD_FROM="2024-03-02", LOAD_TO="2024-03-04")
    assert stage.received() == 4
    assert shown(result.stdout, "outside LOAD_FROM to LOAD_TO") == "2"
    stage.run()
    assert stage.received() == 6


def test_a_refused_event_is_listed_with_the_servers_words(stage: Stage) -> None:
    stage.fill(events=[*EVENTS, row(300, distinct_id="x" * 201)])
    result = stage.run()
    assert (result.returncode, stage.received()) == (0, 300)
    assert shown(result.stdout, "refused") == "1"
    assert "delivery.refused" in result.stdout
    assert stage.ledger("select event, length(distinct_id), reason, phase from refused") == [
        ("event 0", 201, "distinct_id_too_large", "events")
    ]
    assert shown(stage.run().stdout, "refused in earlier runs") == "1"
    assert stage.ledger("select count(*) from refused") == [(1,)]


def test_the_progress_file_says_how_far_the_run_is(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.run()
    (path,) = (stage.data_dir / "delivery").glob("*.progress.json")
    facts = json.loads(path.read_text())
    assert (facts["going"], facts["accepted"], facts["running"]) == (
        300,
        300,
        False,
    )


def test_another_token_is_another_destination(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.run()
    result = stage.run(POSTHOG_PROJECT_TOKEN=OTHER_PROJECT)
    assert "is a new destination" in result.stderr
    assert len(list((stage.data_dir / "delivery").glob("*.duckdb"))) == 2


def test_a_wrong_token_is_one_line_and_nothing_is_recorded(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    result = stage.run(POSTHOG_PROJECT_TOKEN=OTHER_PROJECT)
    assert result.returncode == 1
    assert "answered 401" in one_line(result.stderr)
    assert OTHER_PROJECT not in result.stdout + result.stderr
    assert stage.ledger("from delivered") == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("POSTHOG_PROJECT_TOKEN", "phx_personal", "personal API key"),
        ("POSTHOG_PROJECT_TOKEN", "", "POSTHOG_PROJECT_TOKEN is not set"),
        ("POSTHOG_HOST", "", "POSTHOG_HOST is not set"),
    ],
)
def test_a_bad_setting_is_one_line(stage: Stage, name: str, value: str, words: str) -> None:
    result = stage.run(**{name: value})
    assert result.returncode == 1
    assert words in one_line(result.stderr)


def test_a_missing_warehouse_is_one_line(stage: Stage) -> None:
    result = stage.run()
    assert result.returncode == 1
    assert "run `just extract transform` first" in one_line(result.stderr)


def test_a_warehouse_that_another_process_holds_is_one_line(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    with closing(duckdb.connect(stage.data_dir / "warehouse.duckdb")), stage.start() as process:
        _, err = process.communicate()
    assert process.returncode == 1
    assert "is in use by process" in one_line(err)


def test_missing_marts_are_one_line(stage: Stage) -> None:
    stage.fill()
    stage.drop("marts.posthog_events")
    result = stage.run()
    assert result.returncode == 1
    assert "has no marts.posthog_events: run `just transform` first" in one_line(result.stderr)


def test_no_secret_is_written_anywhere(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    result = stage.run()
    assert PROJECT not in result.stdout + result.stderr
    for path in (stage.data_dir / "delivery").iterdir():
        assert PROJECT.encode() not in path.read_bytes()


def test_a_second_ctrl_c_does_not_wait_for_the_batches_in_flight(stage: Stage) -> None:
    """What they come to is not recorded, and goes again."""
    over = Event()
    stage.fill(events=EVENTS)
    stage.faults.once(capture.PATH, honest)
    stage.faults.always(capture.PATH, stored(silent(over.wait)))
    with stage.start(LOAD_LANES="1") as process:
        until(lambda: stage.received() > 0)
        process.signal(signal.SIGINT)
        until(lambda: "Stopping after" in process.said())
        assert process.returncode is None
        process.signal(signal.SIGINT)
        process.communicate()
        assert not over.is_set()
    over.set()
    assert process.returncode == 130
    stage.faults.always(capture.PATH, honest)
    assert shown(stage.run().stdout, "in flight when the last run ended") == "300"
