import gzip
import io
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from pydantic import SecretStr

from extract.amplitude_api import AmplitudeApi
from extract.errors import CredentialsRefused, ExtractError, WindowFailed
from extract.windows import HOUR, Window
from sandbox.http import Request, Response, serving
from tests.extract.conftest import KEY, SECRET, settings_for

FIRST = datetime(2024, 1, 5, tzinfo=UTC)
DAY = Window(FIRST, FIRST + 23 * HOUR)
WRONG_KEYS = b'{"error":{"metadata":{"details":"Invalid API/Secret Key combination"}}}'
UNKNOWN = b'{"error": "User id and device id not seen before"}'


def whole_zip() -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("1/1_2024-01-05_0#1.json.gz", gzip.compress(b'{"a":1}\n'))
    return file.getvalue()


ZIP = whole_zip()


class Script:
    """A server that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: Response) -> None:
        self._answers = answers
        self.requests: list[Request] = []
        self.waits: list[float] = []

    def respond(self, request: Request) -> Response:
        """Give the next answer."""
        self.requests.append(request)
        return self._answers[min(len(self.requests), len(self._answers)) - 1]

    def export(self, path: Path) -> tuple[bool, int]:
        """Ask for a day, without waiting between attempts."""
        with serving(self.respond) as url:
            api = AmplitudeApi(settings_for(url), sleep=self.waits.append)
            return api.fetch_export(DAY, path)

    def profile(self, user_id: str) -> str | None:
        """Ask for a profile, without waiting between attempts."""
        with serving(self.respond) as url:
            return AmplitudeApi(settings_for(url), self.waits.append).fetch_profile(user_id)


def test_a_zip_is_written_as_it_came(tmp_path: Path) -> None:
    script = Script(Response(200, ZIP))
    assert script.export(tmp_path / "export") == (True, 1)
    assert (tmp_path / "export").read_bytes() == ZIP
    assert script.waits == []


def test_credentials_and_both_inclusive_hours_are_sent_as_documented(tmp_path: Path) -> None:
    script = Script(Response(200, ZIP))
    script.export(tmp_path / "export")
    (request,) = script.requests
    assert (request.method, request.path) == ("GET", "/api/2/export")
    assert request.query == {"start": "20240105T00", "end": "20240105T23"}
    pair = b64encode(f"{KEY}:{SECRET}".encode()).decode()
    assert request.headers["Authorization"] == f"Basic {pair}"


def test_a_window_without_data_is_empty(tmp_path: Path) -> None:
    script = Script(Response(404, b"Raw data files were not found."))
    assert script.export(tmp_path / "export") == (False, 1)


@pytest.mark.parametrize(
    "fault",
    [
        Response(200, b""),
        Response(200, b"Too many requests"),
        Response(200, b"<html>edge error</html>"),
        Response(200, ZIP[: len(ZIP) // 2]),
        Response(200, ZIP[:60] + b"\xff" + ZIP[61:]),
        Response(429, b"slow down"),
        Response(429, b"slow down", {"Retry-After": "0"}),
        Response(429, b"slow down", {"Retry-After": "Fri, 05 Jan 2024 00:00:00 GMT"}),
        Response(500, b"oops"),
        Response(502, b"<html>bad gateway</html>"),
        Response(504, b"too slow"),
    ],
    ids=lambda fault: f"{fault.status} {fault.body[:20]!r} {fault.headers}",
)
def test_what_is_transient_is_tried_again(tmp_path: Path, fault: Response) -> None:
    script = Script(fault, fault, Response(200, ZIP))
    assert script.export(tmp_path / "export") == (True, 3)
    assert (tmp_path / "export").read_bytes() == ZIP


def test_a_connection_that_closes_in_mid_body_is_tried_again(tmp_path: Path) -> None:
    half = f"{len(ZIP):x}\r\n".encode() + ZIP[: len(ZIP) // 2]
    cut = Response(200, half, {"Transfer-Encoding": "chunked", "Connection": "close"})
    script = Script(cut, Response(200, ZIP))
    assert script.export(tmp_path / "export") == (True, 2)
    assert (tmp_path / "export").read_bytes() == ZIP


def test_an_empty_window_can_follow_a_fault(tmp_path: Path) -> None:
    script = Script(Response(500, b"oops"), Response(404, b"Raw data files were not found."))
    assert script.export(tmp_path / "export") == (False, 2)


def test_retry_after_is_honoured_in_full(tmp_path: Path) -> None:
    script = Script(Response(429, b"", {"Retry-After": "1800"}), Response(200, ZIP))
    script.export(tmp_path / "export")
    assert script.waits == [1800]


def test_pauses_grow_where_amplitude_names_none(tmp_path: Path) -> None:
    script = Script(Response(500, b"oops"))
    with pytest.raises(WindowFailed, match=r"2024-01-05T00\.\.2024-01-05T23 in 6 attempts: status"):
        script.export(tmp_path / "export")
    assert len(script.requests) == 6
    assert [1 <= wait / 2**n < 1 + 1 / 2**n for n, wait in enumerate(script.waits)] == [True] * 5


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (Response(401, b"Unauthorized"), CredentialsRefused, ["AMPLITUDE_API_KEY", "Unauthorized"]),
        (
            Response(403, WRONG_KEYS),
            CredentialsRefused,
            ["Invalid API/Secret Key", "not the pair of one project", "AMPLITUDE_REGION (us)"],
        ),
        (Response(404, b"<html>Not\nFound"), ExtractError, ["AMPLITUDE_EXPORT_URL", "/api/2/"]),
        (Response(400, b"Bad range"), WindowFailed, ["2024-01-05T00..2024-01-05T23", "Bad range"]),
        (Response(400, b""), WindowFailed, ["status 400", "no explanation"]),
        (Response(403, b'{"error": null}'), CredentialsRefused, ['{"error": null}']),
        (Response(403, b"[]"), CredentialsRefused, ["([])"]),
    ],
)
def test_a_refusal_is_not_tried_again_and_says_what_to_check(
    tmp_path: Path, answer: Response, error: type[ExtractError], words: list[str]
) -> None:
    script = Script(answer)
    with pytest.raises(error) as raised:
        script.export(tmp_path / "export")
    assert type(raised.value) is error
    assert_one_line_without_secrets(str(raised.value), words)
    assert len(script.requests) == 1


def assert_one_line_without_secrets(text: str, words: Iterable[str]) -> None:
    assert all(word in text for word in words)
    assert "\n" not in text
    assert KEY not in text
    assert SECRET not in text


def test_a_server_that_cannot_be_reached_is_one_line(tmp_path: Path) -> None:
    with serving(Script(Response(200, ZIP)).respond) as url:
        gone = settings_for(url)
    waits: list[float] = []
    with pytest.raises(WindowFailed) as raised:
        AmplitudeApi(gone, waits.append).fetch_export(DAY, tmp_path / "export")
    assert_one_line_without_secrets(str(raised.value), ["in 6 attempts: ConnectionError"])
    assert len(waits) == 5


def test_keys_may_hold_any_character(tmp_path: Path) -> None:
    script = Script(Response(403, WRONG_KEYS))
    with serving(script.respond) as url:
        pasted = settings_for(url).model_copy(update={"amplitude_secret_key": SecretStr("🫖")})
        with pytest.raises(CredentialsRefused):
            AmplitudeApi(pasted).fetch_export(DAY, tmp_path / "export")
    expected = b64encode(f"{KEY}:🫖".encode()).decode()
    assert script.requests[0].headers["Authorization"] == f"Basic {expected}"


JSON = {"Content-Type": "application/json"}
FOUND = '{"userData": {"user_id": "é&=?", "amp_props": {"state": "not seen before"}}}'.encode()


def test_a_profile_is_kept_as_it_came() -> None:
    script = Script(Response(200, FOUND, {"Content-Type": "text/html"}))
    assert script.profile("é&=? +") == FOUND.decode()
    (request,) = script.requests
    assert request.path == "/v1/userprofile"
    assert request.query == {
        "user_id": "é&=? +",
        "get_amp_props": "true",
        "get_cohort_ids": "true",
    }
    assert request.headers["Authorization"] == f"Api-Key {SECRET}"


@pytest.mark.parametrize(
    "answer",
    [
        Response(400, UNKNOWN, JSON),
        Response(200, UNKNOWN, JSON),
        Response(404, b"User id and device id not seen before"),
        Response(200, b'{"userData": {}}', JSON),
        Response(200, b'{"userData": null}', JSON),
        Response(200, b"[]", JSON),
    ],
    ids=lambda answer: f"{answer.status} {answer.body!r}",
)
def test_a_user_whom_amplitude_has_not_seen_has_no_profile(answer: Response) -> None:
    assert Script(answer).profile("nobody") is None


@pytest.mark.parametrize(
    "fault",
    [Response(429, b"limit", {"Retry-After": "7"}), Response(503, b""), Response(200, b"<html>")],
)
def test_a_transient_fault_of_profiles_is_tried_again(fault: Response) -> None:
    script = Script(fault, Response(200, FOUND))
    assert script.profile("ann") == FOUND.decode()
    assert len(script.requests) == 2


@pytest.mark.parametrize(
    ("status", "error", "word"),
    [
        (401, CredentialsRefused, "AMPLITUDE_SECRET_KEY"),
        (404, ExtractError, "AMPLITUDE_PROFILE_URL"),
        (400, WindowFailed, "the profile of 'ann'"),
    ],
)
def test_a_refused_profile_says_what_to_check(
    status: int, error: type[ExtractError], word: str
) -> None:
    with pytest.raises(error) as raised:
        Script(Response(status, b"no")).profile("ann")
    assert_one_line_without_secrets(str(raised.value), [word])
