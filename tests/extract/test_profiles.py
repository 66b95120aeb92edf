import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from extract.amplitude_api import AmplitudeApi
from extract.errors import CredentialsRefused
from extract.profiles import Pace, fetch_profiles
from extract.raw import RawTables
from extract.tables import EVENTS
from sandbox.http import Request, Response, serving
from tests.extract.conftest import settings_for

FAST = 60_000
OLD, YOUNG = datetime(2024, 1, 5, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
NOBODY: list[tuple[str | None, datetime]] = [(None, OLD), ("", OLD), (" ", OLD)]


@dataclass
class Profiles:
    """A User Profile API that knows everybody but `ghost`."""

    status: int = 200
    asked: list[str] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        """Answer one request."""
        user_id = request.query["user_id"]
        self.asked.append(user_id)
        if user_id == "ghost":
            return Response(400, b"User id and device id not seen before")
        return Response(self.status, json.dumps({"userData": {"user_id": user_id}}).encode())


@pytest.fixture
def profiles() -> Profiles:
    return Profiles()


Fetch = Callable[[], tuple[int, int]]


@pytest.fixture
def fetch(raw: RawTables, profiles: Profiles) -> Iterator[Fetch]:
    with serving(profiles.respond) as url:
        yield lambda: fetch_profiles(raw, AmplitudeApi(settings_for(url)), FAST)


def insert_events(raw: RawTables, file: str, *events: tuple[str | None, datetime]) -> None:
    raw.insert_rows(
        EVENTS,
        [
            {"export_file": file, "user_id": user_id, "server_upload_time": f"{time:%F %T}.000000"}
            for user_id, time in events
        ],
    )


def test_each_user_is_asked_for_once_and_the_whole_answer_is_kept(
    raw: RawTables, profiles: Profiles, fetch: Fetch
) -> None:
    insert_events(raw, "a", ("ann", OLD), ("ann", OLD), ("ghost", OLD), ("bé\0 ", OLD), *NOBODY)
    assert fetch() == (2, 1)
    assert sorted(profiles.asked) == ["ann", "bé\0 ", "ghost"]
    assert raw.query(
        "select user_id, found, user_data, device_id from raw.user_profiles order by user_id"
    ) == [
        ("ann", True, '{"userData": {"user_id": "ann"}}', None),
        ("bé\0 ", True, r'{"userData": {"user_id": "b\u00e9\u0000 "}}', None),
        ("ghost", False, None, None),
    ]


def test_only_users_with_an_event_after_their_profile_are_asked_for_again(
    raw: RawTables, profiles: Profiles, fetch: Fetch
) -> None:
    insert_events(raw, "b", ("ann", OLD), ("ghost", OLD))
    fetch()
    assert fetch() == (0, 0)
    insert_events(raw, "c", ("ann", YOUNG), ("cy", OLD), ("ghost", OLD + timedelta(days=1)))
    profiles.asked.clear()
    assert fetch() == (2, 0)
    assert sorted(profiles.asked) == ["ann", "cy"]
    assert raw.query("select count(*) from raw.user_profiles where user_id = 'ann'") == [(2,)]


def test_a_refusal_ends_the_questions_at_once(
    raw: RawTables, profiles: Profiles, fetch: Fetch
) -> None:
    profiles.status = 401
    insert_events(raw, "d", *((f"user {n}", OLD) for n in range(100)))
    with pytest.raises(CredentialsRefused):
        fetch()
    assert len(profiles.asked) < 20
    assert raw.query("select count(*) from raw.user_profiles") == [(0,)]


@dataclass
class Clock:
    """A clock that only sleep moves."""

    now: float = 100.0
    slept: list[float] = field(default_factory=list)

    def time(self) -> float:
        """Tell the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.slept.append(seconds)
        self.now += seconds


def test_calls_are_spaced_evenly() -> None:
    clock = Clock()
    pace = Pace(120, clock.time, clock.sleep)
    starts = []
    for _ in range(4):
        pace.wait()
        starts.append(clock.now)
    assert starts == [100.0, 100.5, 101.0, 101.5]


def test_time_that_was_not_used_is_not_saved_up() -> None:
    clock = Clock()
    pace = Pace(60, clock.time, clock.sleep)
    pace.wait()
    clock.now += 30
    for _ in range(3):
        pace.wait()
    assert clock.slept == [1.0, 1.0]
