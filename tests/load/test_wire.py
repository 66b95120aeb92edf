"""Our message is the one that posthog-python would send for the same event."""

import gzip
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from posthog.capture_v1 import _build_v1_batch_body, _to_v1_event

from load.wire import _PIECE, MACROS, frame

UUID = "0189ca00-0000-7000-8000-000000000001"


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with closing(duckdb.connect()) as connection:
        connection.execute(MACROS)
        yield connection


def message(connection: duckdb.DuckDBPyConnection, event: dict[str, Any]) -> str:
    properties = json.dumps(event["properties"], separators=(",", ":"), ensure_ascii=False)
    ((text,),) = connection.execute(
        """
        select capture_message(
            $uuid::uuid, $event, $distinct_id, ($timestamp::timestamptz at time zone 'UTC'),
            properties, session, around_session(properties, session)
        )
        from (select $properties as properties, session_at_top($properties) as session)
        """,
        {**event, "properties": properties},
    ).fetchall()
    return str(text, encoding="utf-8")


def dated(wire: dict[str, Any]) -> dict[str, Any]:
    """Let two spellings of one time be equal: `Z` and `+00:00`."""
    return {**wire, "timestamp": datetime.fromisoformat(wire["timestamp"])}


def event(properties: dict[str, Any], **changes: str) -> dict[str, Any]:
    return {
        "uuid": UUID,
        "event": "$pageview",
        "distinct_id": "ann",
        "timestamp": "2024-03-01T10:00:00.500000Z",
        "properties": properties,
        **changes,
    }


@pytest.mark.parametrize(
    "properties",
    [
        {},
        {"plan": "free", "null": None, "deep": {"$session_id": 1, "null": None}, "list": [None]},
        {"$set": {"a": 1, "b": None}, "$set_once": {"c": []}, "$groups": {"team": "x"}},
        {"$session_id": "s", "$window_id": "w", "plan": None},
        {"$session_id": "s"},
        {"$session_id": "s", "plan": "free"},
        {"plan": "free", "$session_id": "s"},
        {"plan": ",", "$session_id": "s", "list": [{"$session_id": "t"}]},
        {"deep": {"$session_id": "s"}, "plan": "free"},
        {"deep": {"$session_id": "s"}, "$session_id": None},
        {"text": ',"$session_id":"s"', "$session_id": "t"},
        {"$session_id": 5, "$window_id": None},
        {"$session_id": 'with "quotes" and é'},
        {"plan": "free", "$session_id": 'with "quotes" and é', "$set": {}},
        {"plan": "free", "$session_id": "s", "$process_person_profile": False, "$set": {}},
        {"plan": "free", "$session_id": "s", "$process_person_profile": False},
        {"plan": "free", "$session_id": "s", "$process_person_profile": True},
        {"plan": "free", "$session_id": "s", "a": {}, "$process_person_profile": False},
        {"deep": {"a": 1, "$session_id": "s", "$process_person_profile": False}},
        {"deep": {"a": 1, "$session_id": "s"}, "$process_person_profile": False},
        {"$lib": "web", "$lib_version": "1.2", "$library": "stays"},
        {"$process_person_profile": False},
        {"$process_person_profile": " False "},
        {"$process_person_profile": "\t1\n", "$ignore_sent_at": "0"},
        {"$process_person_profile": "no", "$ignore_sent_at": [], "plan": "free"},
        {"$process_person_profile": None, "$ignore_sent_at": {}},
        {"$process_person_profile": 0, "$ignore_sent_at": -2},
        {"$process_person_profile": 0.0, "$ignore_sent_at": 0.5, "$cookieless_mode": True},
        {"$product_tour_id": "tour", "$cookieless_mode": "x"},
        {"$product_tour_id": 7},
        {"text": 'says "$lib" and \\ and \u0000 and 😀', "$lib ": 1},
        {"big": 2**80, "float": 0.1},
    ],
)
def test_special_properties_move_as_posthog_python_moves_them(
    connection: duckdb.DuckDBPyConnection, properties: dict[str, Any]
) -> None:
    given = event(properties)
    assert dated(json.loads(message(connection, given))) == dated(_to_v1_event(given))


keys = st.sampled_from(
    ["$session_id", "$process_person_profile", "$lib", "a", ",", '"$session_id"', "\\"]
)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(0, 9)
    | st.sampled_from(["s", "", ",", '"', '\\"$session_id":"s"']),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=150)
@given(st.dictionaries(keys, values, max_size=4))
def test_only_what_stands_at_the_top_moves(
    connection: duckdb.DuckDBPyConnection, properties: dict[str, Any]
) -> None:
    one = event(properties)
    assert dated(json.loads(message(connection, one))) == dated(_to_v1_event(one))


@pytest.mark.parametrize("text", ['a "quoted" \\ name', "tab\tnew\nline\0nul", "é😀", "'", " "])
def test_names_and_ids_survive_any_character(
    connection: duckdb.DuckDBPyConnection, text: str
) -> None:
    given = event({}, event=text, distinct_id=text)
    assert dated(json.loads(message(connection, given))) == dated(_to_v1_event(given))


@pytest.mark.parametrize(
    ("given", "wire"),
    [
        ("2024-03-01T10:00:00Z", "2024-03-01T10:00:00.000000Z"),
        ("2024-02-29T23:59:59.999999Z", "2024-02-29T23:59:59.999999Z"),
        ("1969-07-20T20:17:40.001Z", "1969-07-20T20:17:40.001000Z"),
    ],
)
def test_times_are_rfc_3339_to_the_microsecond(
    connection: duckdb.DuckDBPyConnection, given: str, wire: str
) -> None:
    sent = json.loads(message(connection, event({}, timestamp=given)))
    assert sent["timestamp"] == wire


def test_the_frame_is_the_one_of_posthog_python(connection: duckdb.DuckDBPyConnection) -> None:
    given = [event({"n": 1}), event({"n": 2})]
    body = frame([message(connection, one).encode() for one in given], "2024-03-05T00:00:00+00:00")
    sent = json.loads(gzip.decompress(body))
    expected = _build_v1_batch_body(sent["batch"], True, "2024-03-05T00:00:00+00:00")
    assert sent == expected
    assert [one["properties"] for one in sent["batch"]] == [{"n": 1}, {"n": 2}]


@given(st.integers(0, 3 * _PIECE))
def test_a_frame_holds_every_message_in_its_order(number: int) -> None:
    body = frame([str(n).encode() for n in range(number)], "2024")
    assert json.loads(gzip.decompress(body))["batch"] == list(range(number))


def test_the_same_messages_give_the_same_bytes() -> None:
    assert frame([b"{}"], "2024") == frame([b"{}"], "2024")
