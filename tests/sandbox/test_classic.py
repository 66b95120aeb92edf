"""The local PostHog's classic endpoint takes all of a request or nothing, and says no more."""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
import requests
from posthog.request import batch_post

from sandbox.http import serving
from sandbox.posthog import PostHog

PROJECT = "phc_project"
NOW = datetime(2024, 3, 5)  # noqa: DTZ001 - the server's clock is naive UTC
STORED = 'select event, distinct_id, "timestamp"::varchar from received order by seq'


def event(number: int = 1, **changes: object) -> dict[str, Any]:
    return {
        "uuid": str(UUID(int=number)),
        "event": "opened",
        "distinct_id": "ann",
        "timestamp": "2024-03-01T10:00:00Z",
        "properties": {"plan": "free"},
        **changes,
    }


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in event().items() if key != name}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PostHog, str]]:
    store = tmp_path_factory.mktemp("classic") / "posthog.duckdb"
    with (
        closing(PostHog(store, PROJECT, max_body_bytes=5_000_000, now=lambda: NOW)) as server,
        serving(server.respond) as host,
    ):
        yield server, host


@pytest.fixture
def url(project: tuple[PostHog, str]) -> str:
    return project[1]


@pytest.fixture
def posthog(project: tuple[PostHog, str]) -> PostHog:
    project[0].query("delete from received")
    return project[0]


def post(url: str, *events: object, **body: object) -> requests.Response:
    body = {"api_key": PROJECT, "historical_migration": True, "batch": events} | body
    return requests.post(f"{url}/batch/", json=body, timeout=10)


def test_the_answer_says_ok_and_nothing_more(url: str, posthog: PostHog) -> None:
    response = post(url, event(1), event(2))
    assert (response.status_code, response.json()) == (200, {"status": "Ok"})
    assert posthog.query(STORED) == [("opened", "ann", "2024-03-01 10:00:00")] * 2


def test_posthogs_own_client_is_understood(url: str, posthog: PostHog) -> None:
    for packed in (False, True):
        batch_post(PROJECT, url, gzip=packed, batch=[event()], historical_migration=True)
    assert posthog.query("select historical_migration from received") == [(True,)] * 2


@pytest.mark.parametrize(
    "given",
    [
        "event",
        without("event"),
        without("distinct_id"),
        event(distinct_id=""),
        event(uuid="1"),
        event(properties=[]),
    ],
)
def test_one_invalid_event_refuses_the_request(url: str, posthog: PostHog, given: object) -> None:
    assert post(url, event(2), given).status_code == 400
    assert posthog.query("from received") == []


@pytest.mark.parametrize(
    ("body", "status"),
    [({"api_key": "phc_other"}, 401), ({"batch": []}, 400), ({"batch": "x"}, 400)],
)
def test_a_fault_of_the_request_refuses_it(url: str, body: dict[str, Any], status: int) -> None:
    assert post(url, event(), **body).status_code == status


def test_of_a_request_with_a_huge_event_what_stands_before_it_is_stored(
    url: str, posthog: PostHog
) -> None:
    huge = event(2, properties={"text": '"' * 400_000})
    assert post(url, event(1), huge, event(3)).status_code == 413
    assert posthog.query("select uuid from received") == [(UUID(int=1),)]


def test_a_body_that_unpacks_to_too_much_is_refused(url: str) -> None:
    body = json.dumps({"api_key": PROJECT, "batch": [event(properties={"t": "x" * 5_000_000})]})
    headers = {"Content-Encoding": "gzip"}
    packed = gzip.compress(body.encode())
    response = requests.post(f"{url}/batch/", data=packed, headers=headers, timeout=10)
    assert response.status_code == 413


@pytest.mark.parametrize(
    ("changes", "stored"),
    [
        ({"timestamp": "2024-03-01T10:00:00"}, "2024-03-01 10:00:00"),
        ({"timestamp": "2024-03-01T10:00:00+02:00"}, "2024-03-01 08:00:00"),
        ({"timestamp": "soon"}, "2024-03-05 00:00:00"),
        ({"timestamp": None}, "2024-03-05 00:00:00"),
        ({"timestamp": "2024-03-05T22:00:00Z"}, "2024-03-05 22:00:00"),
        ({"timestamp": "2024-03-06T22:00:00Z"}, "2024-03-05 00:00:00"),
    ],
)
def test_a_time_that_cannot_be_becomes_now(
    url: str, posthog: PostHog, changes: dict[str, Any], stored: str
) -> None:
    post(url, event(**changes))
    assert posthog.query(STORED) == [("opened", "ann", stored)]


def test_sent_at_shifts_every_time_unless_it_is_ignored(url: str, posthog: PostHog) -> None:
    kept = event(2, properties={"$ignore_sent_at": True})
    post(url, event(1), kept, sent_at="2024-03-04T00:00:00Z")
    assert posthog.query('select "timestamp"::varchar from received order by seq') == [
        ("2024-03-02 10:00:00",),
        ("2024-03-01 10:00:00",),
    ]


def test_what_is_too_long_is_cut_without_a_word(url: str, posthog: PostHog) -> None:
    assert post(url, event(event="e" * 201, distinct_id="é" * 201)).status_code == 200
    assert posthog.query("select length(event), length(distinct_id) from received") == [(200, 200)]


def test_what_capture_v1_wants_beside_the_properties_is_stored_in_the_same_place(
    url: str, posthog: PostHog
) -> None:
    properties = {"$session_id": "s", "$window_id": "w", "$process_person_profile": False, "a": 1}
    post(url, event(properties=properties))
    assert posthog.query("select session_id, window_id, options, properties from received") == [
        ("s", "w", '{"process_person_profile":false}', '{"a":1}')
    ]
