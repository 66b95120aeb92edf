"""The sessions of the demo's world by PostHog's rules, which drop a session that breaks one."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import RFC_4122, UUID

import duckdb
import pytest

from tests.conftest import Demo

_SENT = """
select
    sent.properties ->> '$."$session_id"',
    sent."timestamp" at time zone 'UTC',
    judged.person_id,
    lines.device_id,
    lines.session_id
from marts.posthog_events as sent
inner join intermediate.int_posthog_events as judged on sent.uuid = judged.event_uuid
inner join staging.stg_amplitude__events as lines on sent.uuid = lines.event_uuid
where lines.session_id is not null
"""
_DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Event:
    """An event of a session: PostHog's id of it, and Amplitude's."""

    session: UUID
    at: datetime
    person: str
    device: str
    amplitude_session: int

    @property
    def begins(self) -> datetime:
        """The time within PostHog's id."""
        return datetime.fromtimestamp((self.session.int >> 80) / 1000, UTC)


@pytest.fixture(scope="module")
def events(demo: Demo) -> list[Event]:
    with duckdb.connect(demo.folder / "warehouse.duckdb", read_only=True) as warehouse:
        rows = warehouse.sql(_SENT).fetchall()
    return [Event(UUID(session), *rest) for session, *rest in rows]


def sessions(events: list[Event]) -> dict[UUID, list[Event]]:
    found = defaultdict(list)
    for event in events:
        found[event.session].append(event)
    return found


def test_every_event_of_a_session_says_which_in_a_uuid_of_version_7(events: list[Event]) -> None:
    assert len(events) > 900
    assert {event.session.version for event in events} == {7}
    assert {event.session.variant for event in events} == {RFC_4122}


def test_a_session_begins_before_its_first_event_and_ends_within_a_day(events: list[Event]) -> None:
    for event in events:
        assert timedelta(0) <= event.at - event.begins < _DAY


def test_a_session_is_one_persons(events: list[Event]) -> None:
    for members in sessions(events).values():
        assert len({event.person for event in members}) == 1
        assert len({(event.device, event.amplitude_session) for event in members}) == 1


def test_a_session_of_amplitudes_is_cut_only_by_time_and_by_person(events: list[Event]) -> None:
    """The demo has one that lasts for days, and ones that go through the login of another user."""
    pieces = defaultdict(set)
    for event in events:
        pieces[event.device, event.amplitude_session].add(event)
    cut = [piece for piece in pieces.values() if len({event.session for event in piece}) > 1]
    assert {len({event.person for event in piece}) for piece in cut} == {1, 2}
    for piece in cut:
        assert len({(event.person, event.begins) for event in piece}) == len(
            {event.session for event in piece}
        )
    whole = [piece for piece in pieces.values() if len({event.session for event in piece}) == 1]
    assert len(whole) > 10 * len(cut)


def test_most_events_are_in_the_piece_that_their_session_begins_in(events: list[Event]) -> None:
    """An hour before it begins: so an event that was seen a little earlier is in it, too."""
    early = timedelta(hours=1)
    usual = [
        event
        for event in events
        if event.begins + early == datetime.fromtimestamp(event.amplitude_session / 1000, UTC)
    ]
    assert len(usual) > 0.9 * len(events)
