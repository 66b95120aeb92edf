"""Each fault of the local PostHog is what it says, and keeps or loses what it says."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from threading import Event as Signal
from typing import Any
from uuid import UUID

import pytest
import requests

from sandbox import capture, classic
from sandbox.capture_faults import (
    FORGOTTEN,
    LOST,
    NO_V1,
    NO_V1_SINK,
    OVER_BILLING_LIMIT,
    RETRY,
    SWALLOWED,
    WARNING,
    Verdict,
    drop,
    holding,
    judging,
    keeping,
    over_events,
    refusal,
)
from sandbox.faults import Fault, Faults, answer, late, reset, silent, stored, torn, trickle
from sandbox.http import serving
from sandbox.posthog import PostHog
from tests.sandbox.test_posthog import HEADERS, PROJECT, body, event


@dataclass
class Project:
    """A PostHog with faults in front of it."""

    posthog: PostHog
    faults: Faults
    url: str

    def post(self, *numbers: int, timeout: float = 10) -> requests.Response:
        """Send these events over Capture V1."""
        sent = json.dumps(body(*(event(number) for number in numbers))).encode()
        url = self.url + capture.PATH
        return requests.post(url, data=sent, headers=HEADERS, timeout=timeout)

    def post_classic(self, *numbers: int) -> requests.Response:
        """Send these events over the classic endpoint."""
        sent = {"api_key": PROJECT, "batch": [event(number) for number in numbers]}
        return requests.post(self.url + classic.PATH, json=sent, timeout=10)

    def stored(self) -> list[int]:
        """Return the numbers of the events that are kept."""
        return [uuid.int for (uuid,) in self.posthog.query("select uuid from received order by 1")]


@pytest.fixture(scope="module")
def posthog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostHog]:
    store = tmp_path_factory.mktemp("faults") / "posthog.duckdb"
    with closing(PostHog(store, PROJECT)) as posthog:
        yield posthog


@pytest.fixture
def project(posthog: PostHog) -> Iterator[Project]:
    posthog.query("delete from received")
    faults = Faults(posthog.respond)
    with serving(faults.respond) as url:
        yield Project(posthog, faults, url)


@pytest.mark.parametrize("status", [401, 402, 408, 413, 429, 500, 502, 503, 504])
def test_a_refusal_is_said_once_and_nothing_is_kept(project: Project, status: int) -> None:
    project.faults.once(capture.PATH, refusal(status, "code", "words"))
    response = project.post(1)
    assert (response.status_code, response.json()["error"]) == (status, "code")
    assert project.stored() == []
    assert project.post(1).status_code == 200
    assert project.stored() == [1]


@pytest.mark.parametrize("seconds", ["2", "86400", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_refusal_says_when_to_come_back(project: Project, seconds: str) -> None:
    project.faults.once(capture.PATH, refusal(429, retry_after=seconds))
    assert project.post(1).headers["Retry-After"] == seconds


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [
        (NO_V1, 404, "not_found"),
        (NO_V1_SINK, 503, "v1 sink router not configured"),
        (OVER_BILLING_LIMIT, 402, "billing_limit_exceeded"),
    ],
)
def test_a_server_without_v1_and_a_full_account_have_words_of_their_own(
    project: Project, fault: Fault, status: int, words: str
) -> None:
    project.faults.always(capture.PATH, fault)
    for _ in range(2):
        response = project.post(1)
        assert response.status_code == status
        assert words in response.text
    assert project.post_classic(1).json() == {"status": "Ok"}


@pytest.mark.parametrize(
    ("fault", "kept"),
    [(torn, []), (stored(torn), [1]), (reset(0.5), [1])],
    ids=["before it is kept", "after it is kept", "within the answer"],
)
def test_the_connection_is_reset(project: Project, fault: Fault, kept: list[int]) -> None:
    project.faults.once(capture.PATH, fault)
    with pytest.raises(requests.RequestException, match="Connection"):
        project.post(1)
    assert project.stored() == kept
    assert project.post(2).status_code == 200


@pytest.mark.parametrize(
    ("make", "kept"),
    [
        (silent, []),
        (lambda pause: stored(silent(pause)), [1]),
        (lambda pause: trickle(1, pause), [1]),
    ],
    ids=["never kept", "kept, but not a byte comes", "kept, but no body comes"],
)
def test_the_answer_never_comes(
    project: Project, make: Callable[[Callable[[], object]], Fault], kept: list[int]
) -> None:
    over = Signal()
    project.faults.once(capture.PATH, make(over.wait))
    try:
        with pytest.raises(requests.exceptions.RequestException, match="timed out"):
            project.post(1, timeout=0.2)
        assert project.stored() == kept
        assert project.post(2).status_code == 200
    finally:
        over.set()


def test_a_late_answer_is_an_answer(project: Project) -> None:
    waits: list[str] = []
    project.faults.always(capture.PATH, late(lambda: waits.append("once")))
    assert project.post(1).status_code == 200
    assert waits == ["once"]


def test_a_page_in_place_of_an_answer_may_hide_that_all_was_kept(project: Project) -> None:
    page = answer(200, b"<html>", {"Content-Type": "text/html"})
    project.faults.once(capture.PATH, page, stored(page))
    assert [project.post(number).text for number in (1, 2)] == ["<html>"] * 2
    assert project.stored() == [2]


@pytest.mark.parametrize(
    ("verdict", "result", "kept"),
    [
        (None, {"result": "ok"}, [1, 2]),
        (RETRY, {"result": "retry"}, [2]),
        (
            drop("event_restriction_drop"),
            {"result": "drop", "details": "event_restriction_drop"},
            [2],
        ),
        (WARNING, {"result": "warning", "details": "person_processing_disabled"}, [1, 2]),
        (FORGOTTEN, None, [1, 2]),
        (LOST, None, [2]),
    ],
)
def test_one_event_is_judged_by_the_test_and_its_neighbour_by_the_server(
    project: Project, verdict: Verdict | None, result: dict[str, str] | None, kept: list[int]
) -> None:
    project.faults.once(capture.PATH, judging(lambda given: verdict if is_first(given) else None))
    results = project.post(1, 2).json()["results"]
    assert results.get(str(UUID(int=1))) == result
    assert results[str(UUID(int=2))] == {"result": "ok"}
    assert project.stored() == kept


def test_verdicts_can_say_when_to_come_back(project: Project) -> None:
    project.faults.once(capture.PATH, judging(lambda _: RETRY, retry_after="3"))
    response = project.post(1)
    assert response.headers["Retry-After"] == "3"
    assert project.stored() == []


def test_a_request_that_the_server_refuses_is_refused_whatever_the_verdicts(
    project: Project,
) -> None:
    project.faults.once(capture.PATH, judging(lambda given: RETRY if is_first(given) else None))
    assert project.post(1, 2, 2).status_code == 400


def is_first(given: dict[str, Any]) -> bool:
    return bool(given["uuid"] == str(UUID(int=1)))


def test_a_poisoned_event_refuses_whatever_holds_it(project: Project) -> None:
    project.faults.always(classic.PATH, holding(is_first, refusal(400)))
    statuses = [project.post_classic(*numbers).status_code for numbers in ((1, 2), (1,), (2,))]
    assert statuses == [400, 400, 200]
    assert project.stored() == [2]


def test_too_many_events_are_refused_and_fewer_are_not(project: Project) -> None:
    project.faults.always(capture.PATH, over_events(1, refusal(413)))
    assert [project.post(1, 2).status_code, project.post(3).status_code] == [413, 200]
    assert project.stored() == [3]


def test_after_a_refusal_some_events_may_be_kept(project: Project) -> None:
    project.faults.once(classic.PATH, keeping(1, refusal(413)))
    assert project.post_classic(1, 2).status_code == 413
    assert project.stored() == [1]


def test_over_the_quota_the_classic_endpoint_swallows_events(project: Project) -> None:
    project.faults.once(classic.PATH, SWALLOWED)
    assert project.post_classic(1).json() == {"status": "Ok"}
    assert project.stored() == []
