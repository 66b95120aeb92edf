import json
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from pydantic import SecretStr

from extract.errors import CredentialsRefused, ExtractError, ProfilesUnavailable
from extract.profile_api import Profile, ProfileApi
from extract.settings import ExtractSettings
from extract.subjects import Subject
from pipeline.pace import Pace, StoppedError
from sandbox.http import Request, Response, serving
from tests.extract.conftest import KEY, SECRET, Answers, settings_for

ANN = Subject("user_id", "ann")
JSON = {"Content-Type": "application/json"}
UNKNOWN = b'{"error": "User id and device id not seen before"}'
LIMIT = b'{"error":"Number of requests per minute exceeds system limit. Contact Support"}'
FOUND = """{"userData": {"user_id": "é&=?", "amp_props": {"said": "not seen before", "heard":
"exceeds system limit", "huge": 1%s}}}""" % ("0" * 5000)


class Script(Answers):
    """Answers to whoever asks for profiles; sleep only counts."""

    def sleep(self, seconds: float) -> None:
        """Note a wait; it is over at once."""
        self.waits.append(seconds)

    def time(self) -> float:
        """Tell a time: each request takes a second, and so do the waits."""
        return len(self.requests) + sum(self.waits)

    @contextmanager
    def api(self, **settings: object) -> Iterator[ProfileApi]:
        """Serve, with a pace that never has to wait unless it is told to."""
        pace = Pace(10**9, self.time, self.sleep)
        with serving(self.respond) as url:
            asked = settings_for(url).model_copy(update=settings)
            with closing(ProfileApi(asked, pace)) as api:
                yield api

    def fetch(self, subject: Subject = ANN, **settings: object) -> Profile:
        """Ask for a profile."""
        with self.api(**settings) as api:
            return api.fetch(subject)


def test_the_whole_answer_is_kept() -> None:
    script = Script(Response(200, FOUND.encode(), {"Content-Type": "text/html"}))
    profile = script.fetch(Subject("user_id", "é&=? +"))
    assert (profile.outcome, profile.text) == ("found", FOUND)
    assert script.waits == []


def test_ids_parameters_and_the_secret_key_are_sent_as_documented() -> None:
    script = Script(Response(200, FOUND.encode()))
    script.fetch(Subject("user_id", "é&=? +"))
    script.fetch(Subject("device_id", "d/1#"), profile_cohort_ids=False, profile_comp_id="c1,c2")
    first, second = script.requests
    assert (first.method, first.path) == ("GET", "/v1/userprofile")
    assert first.headers["Authorization"] == f"Api-Key {SECRET}"
    assert first.query == {
        "user_id": "é&=? +",
        "get_amp_props": "true",
        "get_cohort_ids": "true",
    }
    assert second.query == {"device_id": "d/1#", "get_amp_props": "true", "comp_id": "c1,c2"}


def test_a_netrc_file_does_not_replace_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    script = Script(Response(200, FOUND.encode()))
    script.fetch()
    assert script.requests[0].headers["Authorization"] == f"Api-Key {SECRET}"


def test_keys_may_hold_any_character() -> None:
    script = Script(Response(401, b"Invalid Api-Key"))
    with pytest.raises(CredentialsRefused):
        script.fetch(amplitude_secret_key=SecretStr("🫖"))
    sent = script.requests[0].headers["Authorization"]
    assert sent.encode("latin-1").decode() == "Api-Key 🫖"


def test_half_an_emoji_is_replaced() -> None:
    cut = rb'{"userData": {"amp_props": {"bio": "tea \ud83e", "cake": "\ud83c\udf70"}}}'
    profile = Script(Response(200, cut)).fetch()
    assert profile.text == cut.replace(rb"\ud83e", rb"\ufffd").decode()


@pytest.mark.parametrize(
    "answer",
    [
        Response(400, UNKNOWN, JSON),
        Response(200, UNKNOWN, JSON),
        Response(404, b"User id and device id not seen before"),
        Response(500, UNKNOWN, JSON),
        Response(200, b'{"userData": {}}', JSON),
        Response(200, b'{"userData": null}', JSON),
        Response(200, b"[]", JSON),
    ],
    ids=lambda answer: f"{answer.status} {answer.body!r}",
)
def test_whom_amplitude_has_not_seen_is_not_found(answer: Response) -> None:
    script = Script(answer)
    profile = script.fetch()
    assert (profile.outcome, profile.text) == ("not found", None)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("fault", "waits"),
    [
        (Response(429, LIMIT, {"Retry-After": "1800"}), [1800]),
        (Response(429, LIMIT, {"Retry-After": "0"}), [0]),
        (Response(429, LIMIT), [15]),
        (Response(200, LIMIT), [15]),
        (Response(503, b"", {"Retry-After": "7"}), [7]),
    ],
)
def test_amplitude_says_how_long_to_wait(fault: Response, waits: list[float]) -> None:
    script = Script(fault, Response(200, FOUND.encode()))
    assert script.fetch().outcome == "found"
    assert script.waits == waits
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    "fault", [Response(500, b"oops"), Response(503, b""), Response(200, b"<html>")]
)
def test_pauses_grow_where_amplitude_names_none(fault: Response) -> None:
    script = Script(fault)
    profile = script.fetch()
    assert profile.outcome == "failed"
    assert "no answer for the profile of user 'ann' in 6 attempts" in str(profile.text)
    assert [1 <= wait / 2**n < 1 + 1 / 2**n for n, wait in enumerate(script.waits)] == [True] * 5


def test_silence_after_a_refusal_is_kept_by_everybody() -> None:
    script, waits = Script(Response(429, LIMIT, {"Retry-After": "40"})), []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        raise StoppedError

    with serving(script.respond) as url:
        pace = Pace(10**9, lambda: 0.0, sleep)
        with closing(ProfileApi(settings_for(url), pace)) as api, pytest.raises(StoppedError):
            api.fetch(ANN)
    with pytest.raises(StoppedError):
        pace.take()
    assert waits == [40, 40]


def test_every_attempt_counts_against_the_rate() -> None:
    script = Script(Response(503, b"", {"Retry-After": "0"}), Response(200, FOUND.encode()))
    with serving(script.respond) as url:
        pace = Pace(1, lambda: sum(script.waits), script.sleep)
        with closing(ProfileApi(settings_for(url), pace)) as api:
            api.fetch(ANN)
            api.fetch(ANN)
    assert script.waits == [0, 1, 1]


def test_a_profile_that_amplitude_refuses_is_failed_with_the_reason() -> None:
    script = Script(Response(400, b'{"error": "user_id is malformed"}', JSON))
    profile = script.fetch()
    assert profile.outcome == "failed"
    reason = json.loads(str(profile.text))["error"]
    assert "the profile of user 'ann': status 400" in reason
    assert "user_id is malformed" in reason
    assert len(script.requests) == 1


def test_a_server_that_cannot_be_reached_is_a_failure() -> None:
    script = Script(Response(200, FOUND.encode()))
    with script.api() as api:
        pass
    profile = api.fetch(ANN)
    assert "in 6 attempts: ConnectionError" in str(profile.text)


def test_a_slow_answer_is_asked_for_again() -> None:
    script, over = Script(Response(200, FOUND.encode())), threading.Event()

    def slowly(request: Request) -> Response:
        answer = script.respond(request)
        if len(script.requests) == 1:
            over.wait(30)
        return answer

    with serving(slowly) as url:
        pace = Pace(10**9, time.monotonic, script.sleep)
        with closing(ProfileApi(settings_for(url), pace, timeout_seconds=2)) as api:
            assert api.fetch(ANN).outcome == "found"
        over.set()
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("answer", "error", "word"),
    [
        (Response(401, b"Invalid Api-Key"), CredentialsRefused, "AMPLITUDE_SECRET_KEY"),
        (Response(401, b"Missing Api-Key in Authorization header"), CredentialsRefused, "Missing"),
        (Response(403, b"Forbidden"), CredentialsRefused, "EXTRACT_PROFILES=false"),
        (Response(404, b""), ExtractError, "AMPLITUDE_PROFILE_URL"),
        (
            Response(401, b"Organization does not have access to this feature: Profile API"),
            ProfilesUnavailable,
            "plan",
        ),
        (
            Response(401, b'{"error": "Org has no access to the\\n Profile API feature"}'),
            ProfilesUnavailable,
            "plan",
        ),
    ],
)
def test_what_would_be_refused_for_everybody_is_one_line(
    answer: Response, error: type[ExtractError], word: str
) -> None:
    script = Script(answer)
    with pytest.raises(error) as raised:
        script.fetch()
    line = str(raised.value)
    assert type(raised.value) is error
    assert word in line
    assert "\n" not in line
    assert not any(secret in line for secret in (KEY, SECRET))
    assert len(script.requests) == 1


def test_profiles_need_the_secret_key() -> None:
    settings = ExtractSettings(extract_files="exports")
    with pytest.raises(ExtractError, match="AMPLITUDE_SECRET_KEY is not set"):
        ProfileApi(settings, Pace(1, time.monotonic, time.sleep))
