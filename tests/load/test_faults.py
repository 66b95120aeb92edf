"""Each fault happens to somebody's events while the real process runs, and none are lost."""

import json
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import pytest

from sandbox import capture
from sandbox.capture_faults import (
    FORGOTTEN,
    LOST,
    OVER_BILLING_LIMIT,
    RETRY,
    drop,
    events_of,
    holding,
    judging,
    refusal,
)
from sandbox.faults import Fault, Faults, answer, honest, stored, torn
from sandbox.http import Request, Respond, Response, serving
from sandbox.posthog import PostHog
from tests.load.conftest import PROJECT, Stage, one_line, row, shown, until

PASSING: dict[str, Fault] = {
    "a time-out at the server": refusal(408),
    "too many requests": refusal(429),
    "too many requests, with a time to wait": refusal(429, retry_after="1"),
    "an internal error": refusal(500),
    "a bad gateway": answer(502, b"<html>Bad Gateway</html>"),
    "an unavailable server": refusal(503),
    "a gateway that waited too long": refusal(504),
    "a reset before the batch was stored": torn,
    "a reset after the batch was stored": stored(torn),
    "an answer that is no JSON": answer(200, b"<html>Welcome</html>"),
    "an answer that is no JSON, to a stored batch": stored(answer(200, b"OK")),
    "results that forget an event": judging(lambda event: FORGOTTEN if is_third(event) else None),
    "results that forget a lost event": judging(lambda event: LOST if is_third(event) else None),
    "an event that is wanted again": judging(lambda event: RETRY if is_third(event) else None),
    "a batch that is too large": refusal(413, "payload_too_large"),
    "a batch that is refused": refusal(400, "invalid_batch"),
}
EVENTS_EACH = 5


def is_third(event: dict[str, object]) -> bool:
    return event["event"] == "third"


def story(person: str, first: int) -> list[dict[str, object]]:
    """Five events, one an hour, which only their order tells apart."""
    names = ["first", "second", "third", "fourth", "fifth"]
    return [
        row(first + n, event=name, distinct_id=person, timestamp=f"2024-03-01 0{n}:00:00")
        for n, name in enumerate(names)
    ]


@dataclass
class Storm:
    """Lets each fault happen once, to the first request with an event of its person."""

    faults: dict[str, Fault]
    lock: Lock

    def strike(self, request: Request, respond: Respond) -> Response:
        """Answer one request."""
        people = {event["distinct_id"] for event in events_of(request)}
        with self.lock:
            hit = next((person for person in self.faults if person in people), None)
            fault = self.faults.pop(hit) if hit else honest
        return fault(request, respond)


@pytest.fixture(scope="module")
def weathered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """One run of the real process through all of them."""
    folder = tmp_path_factory.mktemp("storm")
    with closing(PostHog(folder / "posthog.duckdb", PROJECT)) as posthog:
        faults = Faults(posthog.respond)
        storm = Storm(dict(PASSING), Lock())
        faults.always(capture.PATH, storm.strike)
        with serving(faults.respond) as host, pytest.MonkeyPatch.context() as patch:
            (folder / "data").mkdir()
            stage = Stage(folder / "data", posthog, faults, host, patch)
            stage.fill(events=[one for n, who in enumerate(PASSING) for one in story(who, 10 * n)])
            with stage.start(LOAD_LANES="64") as process:
                _, err = process.communicate()
            assert process.returncode == 0, err
            assert not storm.faults
            yield stage


@pytest.mark.parametrize("fault", PASSING)
def test_no_event_is_lost_or_stored_twice(weathered: Stage, fault: str) -> None:
    found = weathered.posthog.query(
        "select count(*) from events where distinct_id = $person", {"person": fault}
    )
    assert found == [(EVENTS_EACH,)]


@pytest.mark.parametrize("fault", PASSING)
def test_the_last_to_arrive_is_the_last_to_have_happened(weathered: Stage, fault: str) -> None:
    arrivals = weathered.posthog.query(
        "select event from events where distinct_id = $person order by seq", {"person": fault}
    )
    assert [name for (name,) in arrivals] == ["first", "second", "third", "fourth", "fifth"]


def test_every_event_is_in_the_ledger_once(weathered: Stage) -> None:
    total = EVENTS_EACH * len(PASSING)
    counts = "select count(*), count(distinct uuid) from delivered"
    assert weathered.ledger(counts) == [(total, total)]
    assert weathered.ledger("select accepted, unacknowledged from runs") == [(total, 0)]


def test_the_number_sent_again_is_reported(weathered: Stage) -> None:
    sent = sum(len(events_of(request)) for request in weathered.faults.requests)
    again = sent - EVENTS_EACH * len(PASSING)
    assert again > 0
    assert weathered.ledger("select resent from runs") == [(again,)]


def test_a_server_that_is_gone_for_a_while_gets_everything_once_it_is_back(tmp_path: Path) -> None:
    with closing(PostHog(tmp_path / "posthog.duckdb", PROJECT)) as posthog:
        faults = Faults(posthog.respond)
        with serving(faults.respond) as host, pytest.MonkeyPatch.context() as patch:
            (tmp_path / "data").mkdir()
            stage = Stage(tmp_path / "data", posthog, faults, host, patch)
            stage.fill(events=[row(number) for number in range(200)])
            process = stage.start(LOAD_RATE="100")
            until(lambda: stage.received() > 0)
        time.sleep(1)
        with serving(faults.respond, int(host.rpartition(":")[2])), process:
            _, err = process.communicate()
        assert process.returncode == 0, err
        assert "PostHog took no batch: no answer (ConnectionError); trying again" in err
        assert stage.posthog.query("select count(*) from events") == [(200,)]


def after_the_probe(stage: Stage, fault: Fault) -> None:
    stage.faults.once(capture.PATH, honest)
    stage.faults.always(capture.PATH, fault)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refusal(401, "invalid_token"), "the project token is not valid there"),
        (OVER_BILLING_LIMIT, "over its billing limit"),
        (judging(lambda _: drop("billing_limit_exceeded")), "over its billing limit"),
        (refusal(403), "it forbids sending"),
        (refusal(404), "it takes no events at this address"),
        (refusal(301), "check POSTHOG_HOST"),
    ],
)
def test_a_server_that_takes_nothing_any_more_ends_the_run_and_the_next_goes_on(
    stage: Stage, fault: Fault, words: str
) -> None:
    after_the_probe(stage, fault)
    stage.fill(events=[row(number) for number in range(50)])
    result = stage.run()
    assert result.returncode == 1
    assert words in one_line(result.stderr)
    assert stage.ledger(
        "select (select count(*) from refused), (select count(*) from delivered)"
    ) == [(0, 0)]
    stage.faults.always(capture.PATH, honest)
    assert shown(stage.run().stdout, "events accepted") == "50"


def test_an_event_that_poisons_its_batch_is_set_aside_with_the_servers_words(stage: Stage) -> None:
    poisoned = row(7)["uuid"]
    fault = holding(lambda event: event["uuid"] == poisoned, refusal(400, "odd", "so odd"))
    stage.faults.always(capture.PATH, fault)
    stage.fill(events=[row(number) for number in range(50)])
    assert stage.run(LOAD_LANES="1").returncode == 0
    assert stage.received() == 49
    ((uuid, reason, details),) = stage.ledger("select uuid::varchar, reason, details from refused")
    assert (uuid, reason) == (poisoned, "400 odd")
    assert json.loads(details)["error_description"] == "so odd"


def test_an_event_above_posthogs_limit_travels_alone_and_is_refused(stage: Stage) -> None:
    large = row(3, properties={"text": "x" * 5_000_000})
    stage.fill(events=[row(number) if number != 3 else large for number in range(20)])
    assert stage.run(LOAD_LANES="1").returncode == 0
    assert stage.received() == 19
    assert stage.ledger("select uuid::varchar, reason from refused") == [
        (large["uuid"], "event_too_big")
    ]


def test_what_posthog_never_mentions_is_not_counted_as_delivered(stage: Stage) -> None:
    lost = judging(lambda event: LOST if event["event"] == "event 1" else None)
    stage.faults.always(capture.PATH, lost)
    stage.fill(events=[row(number) for number in range(50)])
    result = stage.run(LOAD_LANES="1")
    assert result.returncode == 1
    assert "did not acknowledge 10 events: run `just load` again" in one_line(result.stderr)
    assert shown(result.stdout, "not acknowledged") == "10"
    stage.faults.always(capture.PATH, honest)
    assert shown(stage.run().stdout, "events accepted") == "10"


def test_a_second_way_in_knows_what_the_first_one_brought(stage: Stage) -> None:
    stage.fill(events=[row(number) for number in range(50)])
    stage.run()
    result = stage.run(LOAD_SINK="batch")
    assert shown(result.stdout, "events accepted") == "0"
    assert stage.received() == 50
