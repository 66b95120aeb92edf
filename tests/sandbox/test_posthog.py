"""The local PostHog takes and refuses what the real one does, and keeps what it would keep."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import pytest
import requests

from sandbox.http import serving
from sandbox.posthog import PostHog

PROJECT = "phc_project"
HEADERS = {
    "Authorization": f"Bearer {PROJECT}",
    "Content-Type": "application/json",
    "User-Agent": "test/1",
    "PostHog-Sdk-Info": "test/1",
    "PostHog-Attempt": "1",
    "PostHog-Request-Id": str(UUID(int=1)),
    "PostHog-Request-Timestamp": "2024-03-01T00:00:00Z",
}


def event(number: int = 1, **changes: object) -> dict[str, Any]:
    return {
        "uuid": str(UUID(int=number)),
        "event": "opened",
        "distinct_id": "ann",
        "timestamp": "2024-03-01T10:00:00.5Z",
        "options": {},
        "properties": {"plan": "free"},
        **changes,
    }


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in event().items() if key != name}


def body(*events: object) -> dict[str, Any]:
    return {"created_at": "2024-03-05T00:00:00Z", "historical_migration": True, "batch": events}


@pytest.fixture
def posthog(tmp_path: Path) -> Iterator[PostHog]:
    with closing(PostHog(tmp_path / "posthog.duckdb", PROJECT, max_body_bytes=5_000_000)) as server:
        yield server


@pytest.fixture
def url(posthog: PostHog) -> Iterator[str]:
    with serving(posthog.respond) as host:
        yield f"{host}/i/v1/analytics/events"


def post(url: str, data: object, **headers: str) -> requests.Response:
    sent = data if isinstance(data, bytes) else json.dumps(data).encode()
    return requests.post(url, data=sent, headers={**HEADERS, **headers}, timeout=10)


@pytest.mark.parametrize("name", [name for name in HEADERS if name != "User-Agent"])
def test_a_missing_header_is_named(url: str, name: str) -> None:
    headers = {**HEADERS, name: None}
    response = requests.post(url, data=b"{}", headers=headers, timeout=10)
    assert response.status_code == 400
    assert name in response.json()["error_description"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer phc_other"}, 401),
        ({"Authorization": PROJECT}, 401),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Encoding": "lzma"}, 415),
        ({"Content-Encoding": "gzip"}, 400),
        ({"PostHog-Attempt": "0"}, 400),
        ({"PostHog-Request-Id": "first"}, 400),
        ({"PostHog-Request-Timestamp": "2024-03-01 00:00:00"}, 400),
    ],
)
def test_a_wrong_header_refuses_the_request(
    url: str, posthog: PostHog, headers: dict[str, str], status: int
) -> None:
    assert post(url, body(event()), **headers).status_code == status
    assert posthog.query("from received") == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", "invalid_batch"),
        (b"[]", "invalid_batch"),
        (b'{"batch": NaN}', "invalid_batch"),
        ({"batch": [event()]}, "invalid_batch"),
        ({**body(event()), "historical_migration": "yes"}, "invalid_batch"),
        (body("event"), "invalid_batch"),
        (body(event(properties={"half": "\ud83d"})), "invalid_batch"),
        (body(), "empty_batch"),
        (body(without("uuid")), "missing_event_uuid"),
        (body(event(uuid="1")), "invalid_event_uuid"),
        (body(event(), event()), "duplicate_event_uuid"),
    ],
)
def test_one_fault_of_the_batch_refuses_all_of_it(
    url: str, posthog: PostHog, data: object, code: str
) -> None:
    response = post(url, data)
    assert (response.status_code, response.json()["error"]) == (400, code)
    assert posthog.query("from received") == []


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (without("distinct_id"), "missing_distinct_id"),
        (event(distinct_id=""), "missing_distinct_id"),
        (event(distinct_id="é" * 101), "distinct_id_too_large"),
        (without("event"), "missing_event_name"),
        (event(event="e" * 201), "event_name_too_long"),
        (without("timestamp"), "invalid_event_timestamp"),
        (event(timestamp="2024-03-01T10:00:00"), "invalid_event_timestamp"),
        (event(timestamp="2024-02-30T10:00:00Z"), "invalid_event_timestamp"),
        (event(properties=[]), "malformed_event_properties"),
        (event(options={"process_person_profile": "false"}), "invalid_options"),
        (event(options=[]), "invalid_options"),
        (event(properties={"text": '"' * 400_000}), "event_too_big"),
    ],
)
def test_a_bad_event_is_dropped_and_its_neighbours_are_kept(
    url: str, posthog: PostHog, given: dict[str, Any], reason: str
) -> None:
    results = post(url, body(given, event(2))).json()["results"]
    assert results == {
        str(UUID(int=1)): {"result": "drop", "details": reason},
        str(UUID(int=2)): {"result": "ok"},
    }
    assert posthog.query("select uuid from received") == [(UUID(int=2),)]


def test_an_id_of_200_bytes_is_kept(url: str) -> None:
    results = post(url, body(event(distinct_id="é" * 100))).json()["results"]
    assert results == {str(UUID(int=1)): {"result": "ok"}}


def test_person_properties_without_a_person_are_a_warning(url: str, posthog: PostHog) -> None:
    given = event(options={"process_person_profile": False}, properties={"$set": {"a": 1}})
    result = post(url, body(given)).json()["results"][given["uuid"]]
    assert result == {"result": "warning", "details": "person_processing_disabled"}
    assert len(posthog.query("from received")) == 1


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
def test_a_packed_body_is_the_same_body(
    url: str, posthog: PostHog, encoding: str, pack: Callable[[bytes], bytes]
) -> None:
    given = event(session_id="s", properties={"big": 2**70, "text": "\0é"})
    packed = pack(json.dumps(body(given)).encode())
    assert post(url, packed, **{"Content-Encoding": encoding}).status_code == 200
    ((properties, session_id, at),) = posthog.query(
        'select properties, session_id, "timestamp"::varchar from received'
    )
    assert json.loads(properties) == given["properties"]
    assert (session_id, at) == ("s", "2024-03-01 10:00:00.5")


def test_a_body_is_too_large_packed_or_not(url: str) -> None:
    large = json.dumps(body(event(properties={"text": "x" * 5_000_000}))).encode()
    assert post(url, large).status_code == 413
    packed = gzip.compress(large)
    assert post(url, packed, **{"Content-Encoding": "gzip"}).status_code == 413


def test_an_event_that_arrives_again_replaces_itself(url: str, posthog: PostHog) -> None:
    for properties in ({"try": 1}, {"try": 2}):
        post(url, body(event(properties=properties)))
    post(url, body(event(timestamp="2024-03-02T10:00:00Z")))
    assert posthog.query("select count(*) from received") == [(3,)]
    assert posthog.query('select properties from events order by "timestamp"') == [
        ('{"try":2}',),
        ('{"plan":"free"}',),
    ]


def test_many_clients_are_served_at_once(url: str, posthog: PostHog) -> None:
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(lambda number: post(url, body(event(number))), range(1, 41)))
    assert posthog.query("select count(*), count(distinct seq), max(seq) from received") == [
        (40, 40, 40)
    ]


def test_the_store_outlives_the_server(tmp_path: Path) -> None:
    path = tmp_path / "kept.duckdb"
    for number in (1, 2):
        with closing(PostHog(path, PROJECT)) as server, serving(server.respond) as host:
            post(f"{host}/i/v1/analytics/events", body(event(number)))
    with closing(duckdb.connect(path, read_only=True)) as store:
        assert store.execute("select seq from received order by seq").fetchall() == [(1,), (2,)]


def test_an_unknown_path_is_not_found(url: str) -> None:
    assert post(url + "/more", body(event())).status_code == 404
    assert requests.get(url, timeout=10).status_code == 404
