"""Every fault that the sandbox's Amplitude can have, over HTTP, and what extract makes of it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from zipfile import ZipFile

import pytest

from extract.amplitude_api import AmplitudeApi
from extract.errors import CredentialsRefused, ExtractError, WindowFailed, WindowTooLarge
from extract.windows import HOUR, Window
from sandbox.amplitude import Amplitude
from sandbox.export_faults import (
    changed,
    cut_member,
    during,
    over_bytes,
    over_hours,
    reorder,
    withhold,
    wrong_crc,
)
from sandbox.faults import Fault, Faults, answer, cut, reset, trickle
from sandbox.http import serving
from tests.extract.conftest import KEY, SECRET, World, settings_for

EXPORT = "/api/2/export"
FIRST = datetime(2025, 3, 3, tzinfo=UTC)
SOME = Window(FIRST, FIRST + 3 * HOUR)
SILENT = Window(FIRST + 10 * HOUR, FIRST + 10 * HOUR)


@contextmanager
def faulty(world: World, *faults: Fault, silence_seconds: float = 10) -> Iterator[AmplitudeApi]:
    """Serve the world with these faults, one a request; nobody waits between attempts."""
    server = Faults(Amplitude(world.folder, KEY, SECRET).respond)
    server.once(EXPORT, *faults)
    with serving(server.respond) as url:
        yield AmplitudeApi(settings_for(url), lambda _: None, silence_seconds)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, world: World) -> bytes:
    """The answer without a fault."""
    path = tmp_path_factory.mktemp("honest") / "export"
    with faulty(world) as api:
        api.fetch_export(SOME, path)
    return path.read_bytes()


TRANSIENT: dict[str, Fault] = {
    "no body": answer(200),
    "an edge's page": answer(200, b"<html>error</html>", {"Content-Type": "text/html"}),
    "a rate limit's text": answer(200, b"Too many requests"),
    "half a zip": cut(0.5),
    "all but the end of a zip": cut(0.999),
    "a member without its end": changed(cut_member),
    "a member with a wrong CRC": changed(wrong_crc),
    "429": answer(429),
    "429 with seconds": answer(429, b"", {"Retry-After": "30"}),
    "429 with a date": answer(429, b"", {"Retry-After": "Wed, 21 Oct 2037 07:28:00 GMT"}),
    "500": answer(500, b"oops"),
    "502": answer(502, b"<html>bad gateway</html>"),
    "503": answer(503),
    "a reset at once": reset(0),
    "a reset in mid-body": reset(0.5),
}


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_a_transient_fault_is_tried_again_until_the_answer_is_whole(
    tmp_path: Path, world: World, honest: bytes, fault: Fault
) -> None:
    with faulty(world, fault, fault) as api:
        assert api.fetch_export(SOME, tmp_path / "export") == (True, 3)
    assert (tmp_path / "export").read_bytes() == honest


@pytest.mark.parametrize("fault", TRANSIENT.values(), ids=TRANSIENT)
def test_a_fault_that_stays_fails_the_window_after_six_attempts(
    tmp_path: Path, world: World, fault: Fault
) -> None:
    with faulty(world, *[fault] * 6) as api, pytest.raises(WindowFailed) as raised:
        api.fetch_export(SOME, tmp_path / "export")
    assert raised.value.attempts == 6
    assert "in 6 attempts" in str(raised.value)
    assert "Run `just extract` again" in str(raised.value)


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (answer(401), CredentialsRefused, "check AMPLITUDE_API_KEY"),
        (answer(403), CredentialsRefused, r"not the pair.*or AMPLITUDE_REGION"),
        (answer(404, b"Not Found"), ExtractError, "check AMPLITUDE_EXPORT_URL"),
        (over_hours(3), WindowTooLarge, "status 400"),
        (over_hours(3, status=504), WindowTooLarge, "status 504"),
        (over_bytes(1000), WindowTooLarge, "status 400, Too large"),
    ],
)
def test_a_refusal_is_told_at_once(
    tmp_path: Path, world: World, fault: Fault, error: type[ExtractError], words: str
) -> None:
    with faulty(world, fault) as api, pytest.raises(error, match=words):
        api.fetch_export(SOME, tmp_path / "export")


def test_an_empty_window_is_no_fault(tmp_path: Path, world: World) -> None:
    with faulty(world) as api:
        assert api.fetch_export(SILENT, tmp_path / "export") == (False, 1)


@pytest.mark.parametrize(
    "fault", [over_hours(4), over_bytes(1 << 30), during("20250303T04", cut(0))]
)
def test_a_fault_of_others_harms_no_window(
    tmp_path: Path, world: World, honest: bytes, fault: Fault
) -> None:
    with faulty(world, fault) as api:
        assert api.fetch_export(SOME, tmp_path / "export") == (True, 1)
    assert (tmp_path / "export").read_bytes() == honest


def test_a_trickle_is_waited_for_however_long_it_takes(
    tmp_path: Path, world: World, honest: bytes
) -> None:
    """Each pause is shorter than the silence that ends a download; all together are longer."""
    pause: Callable[[], object] = lambda: Event().wait(0.12)  # noqa: E731 - a type for mypy
    with faulty(world, trickle(20, pause), silence_seconds=2) as api:
        assert api.fetch_export(SOME, tmp_path / "export") == (True, 1)
    assert (tmp_path / "export").read_bytes() == honest


def test_silence_in_mid_body_is_tried_again(tmp_path: Path, world: World, honest: bytes) -> None:
    end = Event()
    with faulty(world, trickle(2, lambda: end.wait(60)), silence_seconds=2) as api:
        assert api.fetch_export(SOME, tmp_path / "export") == (True, 2)
        end.set()
    assert (tmp_path / "export").read_bytes() == honest


@pytest.mark.parametrize(("change", "lost"), [(reorder, 0), (withhold, 1)])
def test_another_order_and_less_data_are_answers_like_any_other(
    tmp_path: Path,
    world: World,
    honest: bytes,
    change: Callable[[dict[str, bytes]], dict[str, bytes]],
    lost: int,
) -> None:
    with faulty(world, changed(change)) as api:
        assert api.fetch_export(SOME, tmp_path / "export") == (True, 1)
    assert (tmp_path / "export").read_bytes() != honest
    (tmp_path / "honest").write_bytes(honest)
    found, expected = (ZipFile(tmp_path / name).namelist() for name in ("export", "honest"))
    assert found != expected
    assert len(found) == len(expected) - lost
    assert set(found) <= set(expected)
