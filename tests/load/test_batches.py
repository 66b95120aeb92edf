"""Batches are the messages, cut: nothing lost, nothing moved, nothing above a limit."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from load.batches import Limits, Message, into_batches


def message(lane: int, uuid: int, size: int) -> Message:
    record = f'{uuid}\x1f"event"\x1f"ann"\x1f2024-03-0{1 + uuid % 3}\x1f1\x1f2'
    return Message(lane, str(uuid), "pending", record, b" " * size)


messages = st.lists(
    st.builds(message, st.integers(0, 3), st.integers(0, 30), st.integers(1, 60)), max_size=120
)


@given(messages, st.integers(1, 9), st.integers(1, 100))
def test_each_lanes_batches_concatenate_to_its_messages(
    given_messages: list[Message], max_events: int, max_bytes: int
) -> None:
    sent: dict[int, list[Message]] = defaultdict(list)
    for batch in into_batches(given_messages, "events", Limits(max_events, max_bytes)):
        sent[batch.lane] += batch.messages
    asked: dict[int, list[Message]] = defaultdict(list)
    for one in given_messages:
        asked[one.lane].append(one)
    assert sent == asked


@given(messages, st.integers(1, 9), st.integers(1, 100))
def test_no_batch_is_above_a_limit_and_none_is_empty(
    given_messages: list[Message], max_events: int, max_bytes: int
) -> None:
    for batch in into_batches(given_messages, "events", Limits(max_events, max_bytes)):
        size = sum(len(one.text) for one in batch.messages) + len(batch.messages) - 1
        assert 1 <= len(batch.messages) <= max_events
        assert size <= max_bytes or len(batch.messages) == 1


@given(messages)
def test_no_uuid_is_twice_in_a_batch(given_messages: list[Message]) -> None:
    for batch in into_batches(given_messages, "events", Limits()):
        uuids = [one.uuid for one in batch.messages]
        assert len(uuids) == len(set(uuids))


@given(messages)
def test_a_batch_of_one_day_holds_one_day(given_messages: list[Message]) -> None:
    for batch in into_batches(given_messages, "events", Limits(one_day=True)):
        assert len({one.day for one in batch.messages}) == 1
