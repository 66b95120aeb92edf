"""Who is asked for, how often, and what becomes of the answers; at last with the real command."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from signal import SIGKILL
from threading import Event

import pytest

from extract.errors import CredentialsRefused, ExtractError
from extract.journal import Journal
from extract.profiles import fetch_profiles
from extract.raw import RawTables
from sandbox.http import Request, Response, serving
from tests.extract.conftest import Stage, opened, settings_for

OLD, YOUNG = datetime(2024, 1, 5, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
UNKNOWN = Response(400, b'{"error": "User id and device id not seen before"}')
NO_FEATURE = Response(401, b"Organization does not have access to the Profile API feature")
NOBODY: list[tuple[str | None, datetime]] = [(None, OLD), ("", OLD), (" ", OLD)]


@dataclass
class Server:
    """A User Profile API that knows everybody but `ghost`; `answers` are for named ids."""

    answers: dict[str, Response] = field(default_factory=dict)
    otherwise: Response | None = None
    asked: list[str] = field(default_factory=list)

    def respond(self, request: Request) -> Response:
        """Answer one request."""
        name = request.query.get("user_id") or request.query["device_id"]
        self.asked.append(name)
        found = Response(200, json.dumps({"userData": {"user_id": name}}).encode())
        return self.answers.get(name) or self.otherwise or found


@pytest.fixture
def server() -> Server:
    return Server({"ghost": UNKNOWN})


Fetch = Callable[..., dict[str, int]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archive" / "profiles"


@pytest.fixture
def fetch(raw: RawTables, server: Server, folder: Path) -> Iterator[Fetch]:
    with serving(server.respond) as url:

        def fetch(max_lines: int = 100, **settings: object) -> dict[str, int]:
            asked = settings_for(url).model_copy(update={"profile_rate": 60_000} | settings)
            server.asked.clear()
            journal = Journal(folder, max_lines)
            journal.load(raw)
            return dict(fetch_profiles(raw, journal, asked))

        yield fetch


def insert_events(raw: RawTables, file: str, *events: tuple[str | None, datetime]) -> None:
    insert_rows(raw, file, *((user_id, None, time) for user_id, time in events))


def insert_rows(raw: RawTables, file: str, *rows: tuple[str | None, str | None, datetime]) -> None:
    for user_id, device_id, time in rows:
        raw.query(
            "insert into raw.events by name select ? as export_file, ? as user_id, "
            "? as device_id, ? as server_upload_time, '' as _dlt_load_id",
            file,
            user_id,
            device_id,
            f"{time:%F %T}.000000",
        )


def profiles(raw: RawTables) -> list[tuple[object, ...]]:
    return raw.query(
        "select user_id, device_id, found, user_data from raw.user_profiles "
        "order by user_id, device_id, fetched_at"
    )


def profiles_in(folder: Path) -> list[str]:
    return [line for path in folder.glob("*.ndjson") for line in path.read_text().splitlines()]


def test_each_user_is_asked_for_once_and_the_whole_answer_is_kept(
    raw: RawTables, server: Server, fetch: Fetch
) -> None:
    insert_events(raw, "a", ("ann", OLD), ("ann", OLD), ("ghost", OLD), ("bé\0 ", OLD), *NOBODY)
    assert fetch() == {"found": 2, "not found": 1}
    assert sorted(server.asked) == ["ann", "bé\0 ", "ghost"]
    assert profiles(raw) == [
        ("ann", None, True, '{"userData": {"user_id": "ann"}}'),
        ("bé\0 ", None, True, r'{"userData": {"user_id": "b\u00e9\u0000 "}}'),
        ("ghost", None, False, None),
    ]


def test_only_users_with_an_event_after_their_profile_are_asked_for_again(
    raw: RawTables, server: Server, fetch: Fetch
) -> None:
    insert_events(raw, "b", ("ann", OLD), ("ghost", OLD))
    fetch()
    assert fetch() == {}
    insert_events(raw, "c", ("ann", YOUNG), ("cy", OLD), ("ghost", OLD + timedelta(days=1)))
    assert fetch() == {"found": 2}
    assert sorted(server.asked) == ["ann", "cy"]
    assert [user_id for user_id, *_ in profiles(raw)] == ["ann", "ann", "cy", "ghost"]


def test_a_refresh_asks_for_everybody_and_keeps_what_was_there(
    raw: RawTables, fetch: Fetch
) -> None:
    insert_events(raw, "d", ("ann", OLD), ("ghost", OLD))
    fetch()
    for _ in range(2):
        assert fetch(extract_profiles_refresh=True) == {"found": 1, "not found": 1}
    assert [user_id for user_id, *_ in profiles(raw)] == ["ann"] * 3 + ["ghost"] * 3


def test_a_refresh_that_stopped_asks_only_for_the_rest(
    raw: RawTables, server: Server, fetch: Fetch, folder: Path
) -> None:
    insert_events(raw, "e", *((f"user {n:02}", OLD) for n in range(20)))
    fetch()
    server.answers["user 10"] = Response(403, b"Forbidden")
    with pytest.raises(CredentialsRefused):
        fetch(extract_profiles_refresh=True)
    refreshed = len(profiles_in(folder)) - 20
    assert refreshed > 0
    del server.answers["user 10"]
    assert fetch(extract_profiles_refresh=True) == {"found": 20 - refreshed}
    assert len(profiles(raw)) == 40


def test_a_device_is_asked_for_only_if_told_so_and_no_user_was_seen_on_it(
    raw: RawTables, fetch: Fetch, server: Server
) -> None:
    insert_rows(
        raw,
        "f",
        ("ann", "known", OLD),
        (None, "known", OLD),
        (None, "anonymous", OLD),
        ("", "anonymous", OLD),
        (None, None, OLD),
        (None, " ", OLD),
    )
    assert fetch() == {"found": 1}
    assert fetch(extract_profiles_anonymous=True) == {"found": 1}
    assert server.asked == ["anonymous"]
    assert fetch(extract_profiles_anonymous=True) == {}
    assert profiles(raw) == [
        ("ann", None, True, '{"userData": {"user_id": "ann"}}'),
        (None, "anonymous", True, '{"userData": {"user_id": "anonymous"}}'),
    ]


def test_one_refused_profile_costs_no_other_and_is_asked_for_again(
    raw: RawTables, server: Server, fetch: Fetch
) -> None:
    insert_events(raw, "g", ("ann", OLD), ("bad", OLD), ("cy", OLD))
    server.answers["bad"] = Response(414, b"URI too long")
    assert fetch() == {"found": 2, "failed": 1}
    assert "URI too long" in str(profiles(raw)[1])
    assert fetch() == {"failed": 1}
    assert server.asked == ["bad"]
    del server.answers["bad"]
    assert fetch() == {"found": 1}
    assert fetch() == {}


def test_profiles_that_all_fail_end_the_run(raw: RawTables, server: Server, fetch: Fetch) -> None:
    server.otherwise = Response(400, b"rec_id is unknown")
    insert_events(raw, "h", *((f"user {n}", OLD) for n in range(100)))
    with pytest.raises(ExtractError, match=r"10 profiles in a row failed.*rec_id is unknown"):
        fetch()
    assert len(server.asked) < 30


def test_a_refusal_ends_the_questions_at_once(raw: RawTables, server: Server, fetch: Fetch) -> None:
    server.otherwise = Response(401, b"Invalid Api-Key")
    insert_events(raw, "i", *((f"user {n}", OLD) for n in range(100)))
    with pytest.raises(CredentialsRefused):
        fetch()
    assert len(server.asked) < 20
    assert profiles(raw) == []


def test_a_plan_without_profiles_is_said_once_and_stops_nothing(
    raw: RawTables, server: Server, fetch: Fetch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.otherwise = NO_FEATURE
    insert_events(raw, "j", *((f"user {n}", OLD) for n in range(100)))
    assert fetch() == {}
    assert len(server.asked) < 20
    assert capsys.readouterr().err.count("plan has no User Profile API") == 1


def test_full_files_are_loaded_while_others_are_still_asked_for(
    raw: RawTables, server: Server, fetch: Fetch, folder: Path
) -> None:
    insert_events(raw, "k", *((f"user {n:02}", OLD) for n in range(10)))
    server.answers["user 09"] = Response(403, b"Forbidden")
    with pytest.raises(CredentialsRefused):
        fetch(max_lines=3)
    loaded = len(profiles(raw))
    written = len(profiles_in(folder))
    assert (loaded % 3, loaded <= written) == (0, True)
    server.answers.clear()
    Journal(folder).load(raw)
    assert len(profiles(raw)) == written
    assert sum(fetch().values()) == 10 - written


def test_raw_is_rebuilt_from_the_journal_alone(
    raw: RawTables, fetch: Fetch, folder: Path, tmp_path: Path
) -> None:
    insert_events(raw, "l", ("ann", OLD), ("ghost", OLD), ("zoë", OLD))
    fetch(max_lines=2)
    (tmp_path / "other").mkdir()
    with opened(tmp_path / "other") as rebuilt:
        Journal(folder).load(rebuilt)
        assert profiles(rebuilt) == profiles(raw)


@dataclass
class Halting:
    """The sandbox's profiles, as many as it is told to give; whoever asks for more has to wait."""

    stage: Stage
    asked: list[str] = field(default_factory=list)
    most: float = math.inf
    exhausted: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)

    def respond(self, request: Request) -> Response:
        """Take a note, answer or wait."""
        self.asked.append(request.query["user_id"])
        if len(self.asked) > self.most:
            self.exhausted.set()
            self.over.wait()
        return self.stage.amplitude.respond(request)

    def kill_after(self, answers: int, settings: dict[str, str]) -> None:
        """Run the command, and kill it when it has got so many answers and waits for the next."""
        self.most = len(self.asked) + answers
        with self.stage.start(**settings) as process:
            assert self.exhausted.wait(300)
            process.kill()
        assert process.returncode == -SIGKILL
        self.over.set()
        self.most, self.exhausted, self.over = math.inf, Event(), Event()


def test_killed_in_the_middle_and_run_again_nobody_is_asked_twice_but_those_in_flight(
    stage: Stage,
) -> None:
    server = Halting(stage)
    assert stage.run().returncode == 0
    users = stage.query("select count(distinct user_id) from raw.events where trim(user_id) <> ''")
    with serving(server.respond) as url:
        settings = {
            "AMPLITUDE_PROFILE_URL": f"{url}/v1/userprofile",
            "EXTRACT_PROFILES": "true",
        }
        for answers in (10, 11):
            server.kill_after(answers, settings)
        result = stage.run(**settings)
        assert result.returncode == 0, result.stderr
    assert [(len(set(server.asked)),)] == users
    assert len(server.asked) <= len(set(server.asked)) + 2 * 4
    assert stage.query(
        "select count(*), count(distinct user_id), count(distinct snapshot) from raw.user_profiles"
    ) == [users[0] * 3]


def test_europe_has_no_profiles_which_is_said_once(stage: Stage) -> None:
    result = stage.run(EXTRACT_PROFILES="true", AMPLITUDE_REGION="eu", AMPLITUDE_PROFILE_URL="")
    assert result.returncode == 0
    assert result.stderr.count("no User Profile API in the EU") == 1


def test_without_the_plan_feature_the_run_succeeds(stage: Stage) -> None:
    with serving(lambda _: NO_FEATURE) as url:
        result = stage.run(EXTRACT_PROFILES="true", AMPLITUDE_PROFILE_URL=url + "/v1/userprofile")
    assert result.returncode == 0
    assert result.stderr.count("plan has no User Profile API") == 1
