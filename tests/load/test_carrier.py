"""A batch goes again, in halves or not at all, exactly as the answer asks."""

import json
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from gzip import decompress
from pathlib import Path
from threading import Event

import pytest

from load.batches import Batch, Message
from load.capture import Capture
from load.carrier import MAX_ATTEMPTS, MAX_SILENT_ATTEMPTS, Carrier
from load.errors import DestinationError, UnreachableError
from load.flight import FlightLog
from load.outcomes import Outcome
from load.refusals import Refusals
from pipeline.pace import Pace
from sandbox.http import Request, Response, serving


@dataclass
class Server:
    """A PostHog that answers by `answer(uuids, attempt)`, and remembers what it was asked."""

    answer: Callable[[list[str], int], Response]
    requests: list[Request] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        """Answer one request."""
        self.requests.append(request)
        return self.answer(uuids(request), len(self.requests))

    def batches(self) -> list[str]:
        """Return the uuids of each request."""
        return ["".join(uuids(request)) for request in self.requests]

    def header(self, name: str) -> list[str]:
        """Return one header of each request."""
        return [request.headers[name] for request in self.requests]


@dataclass
class Time:
    """A clock that only moves when somebody sleeps."""

    now: float = 0.0

    def clock(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += seconds


def uuids(request: Request) -> list[str]:
    return [event["uuid"] for event in json.loads(decompress(request.body))["batch"]]


def results(given: Mapping[str, str], **headers: str) -> Response:
    body = {"results": {uuid: {"result": result} for uuid, result in given.items()}}
    return Response(
        200, json.dumps(body).encode(), {k.replace("_", "-"): v for k, v in headers.items()}
    )


def ok(given: list[str]) -> Response:
    return results(dict.fromkeys(given, "ok"))


def message(uuid: str) -> Message:
    text = json.dumps({"uuid": uuid}).encode()
    record = f'{uuid}\x1f"event"\x1f"person of {uuid.lower()}"\x1f2024-03-01\x1f1\x1f2'
    return Message(0, uuid, "pending", record, text)


def names(messages: list[Message]) -> str:
    return "".join(one.uuid for one in messages)


def refused(outcome: Outcome) -> list[tuple[str, str]]:
    return [(refusal.message.uuid, refusal.reason) for refusal in outcome.refused]


Carrying = Callable[..., AbstractContextManager[Callable[[str], Outcome]]]


@pytest.fixture
def carrying(tmp_path: Path) -> Carrying:
    return partial(_carrying, tmp_path)


@contextmanager
def _carrying(
    folder: Path, server: Server, time: Time | None = None, most: int = 1_000
) -> Iterator[Callable[[str], Outcome]]:
    time = time or Time()
    with serving(server.respond) as host:
        capture = Capture(host, "phc_project", lambda: datetime(2024, 3, 5, tzinfo=UTC))
        flight = FlightLog(folder / "ledger.duckdb")
        flight.open([])
        pace = Pace(1e9, time.clock, time.sleep)
        carrier = Carrier(capture, pace, time.sleep, Refusals(most), flight, Event())
        yield lambda letters: carrier.deliver(Batch("events", 0, list(map(message, letters))))


def test_an_accepted_batch_is_sent_once(carrying: Carrying) -> None:
    server = Server(lambda uuids, _: ok(uuids))
    with carrying(server) as deliver:
        outcome = deliver("abc")
    assert names(outcome.accepted) == "abc"
    assert (outcome.unknown, outcome.resent, outcome.failure) == ([], 0, None)
    assert server.batches() == ["abc"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_busy_server_gets_the_same_request_again(carrying: Carrying, status: int) -> None:
    server = Server(lambda uuids, n: Response(status, b"later") if n < 3 else ok(uuids))
    with carrying(server) as deliver:
        outcome = deliver("ab")
    assert names(outcome.accepted) == "ab"
    assert outcome.resent == 4
    assert len(set(server.header("PostHog-Request-Id"))) == 1
    assert server.header("PostHog-Attempt") == ["1", "2", "3"]
    assert len({request.body for request in server.requests}) == 1


def test_retry_after_is_waited_for_in_full(carrying: Carrying) -> None:
    wait = Response(429, b"", {"Retry-After": "3600"})
    time = Time()
    with carrying(Server(lambda uuids, n: wait if n == 1 else ok(uuids)), time) as deliver:
        deliver("a")
    assert time.now == pytest.approx(3600)


def test_a_server_that_stays_busy_ends_the_run(carrying: Carrying) -> None:
    server = Server(lambda _uuids, _n: Response(503, b""))
    with carrying(server) as deliver:
        outcome = deliver("a")
    assert isinstance(outcome.failure, UnreachableError)
    assert "status 503" in str(outcome.failure)
    assert names(outcome.unknown) == "a"
    assert len(server.requests) == MAX_ATTEMPTS


def test_a_server_that_is_not_there_ends_the_run(carrying: Carrying) -> None:
    with carrying(Server(lambda uuids, _: ok(uuids))) as deliver:
        pass
    assert isinstance(deliver("a").failure, UnreachableError)


def test_only_what_is_wanted_again_goes_again(carrying: Carrying) -> None:
    first = results({"a": "ok", "b": "retry", "c": "drop", "d": "warning"})
    server = Server(lambda uuids, n: first if n == 1 else ok(uuids))
    with carrying(server) as deliver:
        outcome = deliver("abcd")
    assert server.batches() == ["abcd", "b"]
    assert names(outcome.accepted) == "adb"
    assert refused(outcome) == [("c", "drop")]
    assert len(set(server.header("PostHog-Request-Id"))) == 1


def test_an_event_without_an_answer_is_unknown_after_a_few_attempts(carrying: Carrying) -> None:
    server = Server(lambda uuids, _: ok([uuid for uuid in uuids if uuid != "b"]))
    with carrying(server) as deliver:
        outcome = deliver("abc")
    assert names(outcome.accepted) == "ac"
    assert names(outcome.unknown) == "b"
    assert outcome.failure is None
    assert len(server.requests) == MAX_SILENT_ATTEMPTS


@pytest.mark.parametrize("status", [400, 413])
def test_the_bad_event_stands_alone_and_the_others_arrive_in_order(
    carrying: Carrying, status: int
) -> None:
    fault = Response(status, b'{"error": "invalid_event_uuid"}')
    server = Server(lambda uuids, _: fault if "e" in uuids else ok(uuids))
    with carrying(server) as deliver:
        outcome = deliver("abcdefg")
    assert names(outcome.accepted) == "abcdfg"
    assert refused(outcome) == [("e", f"{status} invalid_event_uuid")]
    assert outcome.refused[0].details == '{"error": "invalid_event_uuid"}'


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "POSTHOG_PROJECT_TOKEN"),
        (402, "billing limit"),
        (403, "forbids"),
        (404, "takes no events at this address"),
        (302, "POSTHOG_HOST"),
        (415, "POSTHOG_HOST"),
    ],
)
def test_a_server_that_takes_nothing_ends_the_run_at_once(
    carrying: Carrying, status: int, words: str
) -> None:
    server = Server(lambda _uuids, _n: Response(status, b"", {"Location": "http://127.0.0.1:1/"}))
    with carrying(server) as deliver:
        outcome = deliver("ab")
    assert isinstance(outcome.failure, DestinationError)
    assert words in str(outcome.failure)
    assert "\n" not in str(outcome.failure)
    assert len(server.requests) == 1


def test_what_was_acknowledged_before_a_failure_counts(carrying: Carrying) -> None:
    def answer(_uuids: list[str], attempt: int) -> Response:
        return results({"a": "ok", "b": "retry"}) if attempt == 1 else Response(401, b"")

    with carrying(Server(answer)) as deliver:
        outcome = deliver("ab")
    assert names(outcome.accepted) == "a"
    assert names(outcome.unknown) == "b"
    assert isinstance(outcome.failure, DestinationError)


def test_an_outage_of_twenty_minutes_is_waited_out(carrying: Carrying) -> None:
    time = Time()
    outage = 20 * 60

    def answer(uuids: list[str], _attempt: int) -> Response:
        return ok(uuids) if time.now >= outage else Response(503, b"")

    with carrying(Server(answer), time) as deliver:
        outcome = deliver("ab")
    assert names(outcome.accepted) == "ab"
    assert time.now < 2 * outage


def test_eight_lanes_together_keep_the_rate_over_a_minute() -> None:
    time, sent, sizes = Time(), 0, random.Random(3)
    pace = Pace(1_000, time.clock, time.sleep, burst_seconds=1)
    while time.now < 60:
        size = sizes.randint(1, 1_000)
        pace.take(size)
        sent += size
    assert sent == pytest.approx(60_000, rel=0.03)


def test_what_follows_a_retried_event_of_the_same_person_goes_again_behind_it(
    carrying: Carrying,
) -> None:
    """Else the older of the two would be the last to arrive, and its `$set` would stand."""
    first = results({"a": "ok", "b": "retry", "c": "ok", "B": "ok"})
    server = Server(lambda uuids, n: first if n == 1 else ok(uuids))
    with carrying(server) as deliver:
        outcome = deliver("abcB")
    assert server.batches() == ["abcB", "bB"]
    assert names(outcome.accepted) == "acBb"


def test_after_a_failure_no_later_batch_of_the_lane_is_sent(carrying: Carrying) -> None:
    server = Server(lambda _uuids, _n: Response(401, b""))
    with carrying(server) as deliver:
        deliver("a")
        later = deliver("b")
    assert (later.accepted, later.unknown, later.failure) == ([], [], None)
    assert server.batches() == ["a"]
