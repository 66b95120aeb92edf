import gzip
import io
from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
import requests
from pydantic import SecretStr

from extract.amplitude_api import AmplitudeApi
from extract.attempts import retry_after
from extract.errors import CredentialsRefused, ExtractError, WindowFailed, WindowTooLarge
from extract.windows import HOUR, Window
from sandbox.http import Response, serving
from tests.extract.conftest import KEY, SECRET, Answers, settings_for

FIRST = datetime(2024, 1, 5, tzinfo=UTC)
DAY = Window(FIRST, FIRST + 23 * HOUR)
ONE_HOUR = Window(FIRST, FIRST)
OLD_DAY = Window(datetime(2014, 3, 1, tzinfo=UTC), datetime(2014, 3, 1, 23, tzinfo=UTC))
WRONG_KEYS = b'{"error":{"metadata":{"details":"Invalid API/Secret Key combination"}}}'


def whole_zip() -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("1/1_2024-01-05_0#1.json.gz", gzip.compress(b'{"a":1}\n'))
    return file.getvalue()


ZIP = whole_zip()


class Script(Answers):
    """Answers to whoever asks for exports."""

    def export(self, path: Path, window: Window = DAY) -> tuple[bool, int]:
        """Ask for a day or another window, without waiting between attempts."""
        with serving(self.respond) as url:
            api = AmplitudeApi(settings_for(url), sleep=self.waits.append)
            return api.fetch_export(window, path)


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
        Response(503, b""),
    ],
    ids=lambda fault: f"{fault.status} {fault.body[:9]!r} {fault.headers}",
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


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("Fri, 05 Jan 2024 00:10:00 GMT", "Fri, 05 Jan 2024 00:00:00 GMT", 600),
        ("Fri, 05 Jan 2024 01:10:00 +0100", "Fri, 05 Jan 2024 00:00:00 GMT", 600),
        ("Thu, 04 Jan 2024 00:00:00 GMT", "Fri, 05 Jan 2024 00:00:00 GMT", 0),
        ("Fri, 05 Jan 2024 00:10:00 GMT", "", None),
        ("Fri, 05 Jan 2024 00:10:00", "Fri, 05 Jan 2024 00:00:00 GMT", None),
        ("soon", "Fri, 05 Jan 2024 00:00:00 GMT", None),
        ("-5", "Fri, 05 Jan 2024 00:00:00 GMT", None),
        ("12", "", 12),
        ("", "", None),
    ],
)
def test_retry_after_can_be_a_date_by_the_servers_own_clock(
    value: str, date: str, seconds: float | None
) -> None:
    response = requests.Response()
    response.headers.update({"Retry-After": value, "Date": date})
    assert retry_after(response) == seconds


@pytest.mark.parametrize("window", [ONE_HOUR, OLD_DAY], ids=str)
def test_what_has_no_halves_fails_with_the_way_out(tmp_path: Path, window: Window) -> None:
    script = Script(Response(400, b"Too large"))
    with pytest.raises(WindowFailed) as raised:
        script.export(tmp_path / "export", window)
    assert type(raised.value) is WindowFailed
    assert_one_line_without_secrets(
        str(raised.value), [str(window), "status 400, Too large", "S3 export", "EXTRACT_FILES"]
    )
    assert len(script.requests) == 1


def test_a_504_for_a_single_hour_is_tried_again(tmp_path: Path) -> None:
    script = Script(Response(504, b"too slow"), Response(200, ZIP))
    assert script.export(tmp_path / "export", ONE_HOUR) == (True, 2)


def test_a_window_that_amplitude_could_not_give_is_never_asked_for(tmp_path: Path) -> None:
    script = Script(Response(200, ZIP))
    with pytest.raises(ValueError, match="at most 365 days"):
        script.export(tmp_path / "export", Window(FIRST, FIRST + 365 * 24 * HOUR))
    assert script.requests == []


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
        (Response(400, b"Big"), WindowTooLarge, ["2024-01-05T00..2024-01-05T23", "400, Big"]),
        (Response(504, b""), WindowTooLarge, ["status 504", "no explanation"]),
        (Response(418, b"Tea"), WindowFailed, ["2024-01-05T00..2024-01-05T23", "status 418, Tea"]),
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
