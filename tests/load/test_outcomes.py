"""Only what PostHog says it took counts as taken."""

import json

import pytest

from load.batches import Message
from load.outcomes import Answer, error_code, read_answer

MESSAGE = Message(0, "u", "pending", "", b"{}")


def outcome(answer: Answer) -> str:
    found = [name for name in ("accepted", "refused", "again", "silent") if getattr(answer, name)]
    return " ".join(found)


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ({"result": "ok"}, "accepted"),
        ({"result": "warning", "details": "person_processing_disabled"}, "accepted"),
        ({"result": "drop", "details": "event_too_big"}, "refused"),
        ({"result": "drop"}, "refused"),
        ({"result": "retry"}, "again"),
        ({"result": "maybe"}, "silent"),
        ({}, "silent"),
        ("ok", "silent"),
        (None, "silent"),
    ],
)
def test_each_result_has_one_outcome(result: object, expected: str) -> None:
    body = json.dumps({"results": {"u": result}}).encode()
    assert outcome(read_answer(body, [MESSAGE])) == expected


@pytest.mark.parametrize(
    "body", [b"", b"Ok", b"<html>", b"\xff", b"[]", b"{}", b'{"results": []}', b'{"results": {}}']
)
def test_an_answer_that_cannot_be_read_acknowledges_nothing(body: bytes) -> None:
    assert outcome(read_answer(body, [MESSAGE])) == "silent"


def test_a_refusal_keeps_the_servers_words() -> None:
    result = {"result": "drop", "details": "event_too_big", "limit": 1}
    body = json.dumps({"results": {"u": result}}).encode()
    (refusal,) = read_answer(body, [MESSAGE]).refused
    assert refusal.reason == "event_too_big"
    assert json.loads(refusal.details) == result


@pytest.mark.parametrize(
    ("body", "code"),
    [(b'{"error": "empty_batch"}', "empty_batch"), (b'{"error": 1}', ""), (b"Bad Gateway", "")],
)
def test_an_error_code_is_read_where_there_is_one(body: bytes, code: str) -> None:
    assert error_code(body) == code
