"""A generated world, a local Amplitude that counts its requests, and the real command."""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from extract.archive import Archive
from extract.raw import RawTables
from extract.settings import ExtractSettings
from pipeline.settings import load_environment
from sandbox.amplitude import Amplitude
from sandbox.export import write_exports
from sandbox.faults import Faults
from sandbox.http import Request, Response, serving
from sandbox.truth import Truth
from sandbox.world import Plan
from tests.stages import Completed, Process, run_warm

KEY, SECRET = "an-api-key", "a-secret-key"
# Sends itself a signal when a file is about to be renamed to a name that holds the given text.
_SIGNALLED = """
import os, runpy, sys

moment, number = sys.argv.pop(1), int(sys.argv.pop(1))

def watch(event, arguments):
    if event == "os.rename" and moment in str(arguments[1]):
        os.kill(os.getpid(), number)

sys.addaudithook(watch)
runpy.run_module("extract", run_name="__main__")
"""


@pytest.fixture(autouse=True, scope="session")
def _nobodys_settings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ExtractSettings.model_fields:
            patch.delenv(name.upper(), raising=False)
        patch.setenv("ENV_FILE", "")
        load_environment()
        yield


@dataclass(frozen=True)
class World:
    """What `write_exports` left in a folder: thirty hours, the eleventh of them silent."""

    folder: Path
    truth: Truth


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    return World(folder, write_exports(Plan(events=700, hours=30), folder))


@dataclass
class Stage:
    """The extract stage with everything around it.

    `requests` are those that Amplitude got, `faults` what happens to its answers.
    """

    data_dir: Path
    amplitude: Amplitude
    requests: list[Request] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.faults = Faults(self._honestly)

    def respond(self, request: Request) -> Response:
        """Answer as Amplitude does, and remember what was asked."""
        self.requests.append(request)
        return self.faults.respond(request)

    def _honestly(self, request: Request) -> Response:
        return self.amplitude.respond(request)

    def run(self, **settings: str) -> Completed:
        """Run `python -m extract` to the end."""
        return run_warm(["-m", "extract"], self.environment(**settings))

    def run_until(self, moment: str, number: signal.Signals, **settings: str) -> Completed:
        """Run it until it renames a file to a name that holds `moment`: then the signal comes."""
        command = ["-c", _SIGNALLED, moment, str(number.value)]
        return run_warm(command, self.environment(**settings), room="extract")

    def start(self, **settings: str) -> Process:
        """Start `python -m extract`."""
        return Process(["-m", "extract"], self.environment(**settings))

    def environment(self, **settings: str) -> dict[str, str]:
        """Return the environment of the command, nothing inherited but what Python needs."""
        return {"PATH": os.environ["PATH"], **self.settings, **settings}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse, after a run."""
        with closing(duckdb.connect(self.data_dir / "warehouse.duckdb", read_only=True)) as found:
            return found.execute(sql).fetchall()

    def windows(self) -> list[tuple[str, str]]:
        """Return the windows that were asked for, in order."""
        asked = [request.query for request in self.requests if "start" in request.query]
        return sorted((query["start"], query["end"]) for query in asked)


@contextmanager
def serving_stage(folder: Path, world: World) -> Iterator[Stage]:
    """Serve the world to a stage whose data is in this folder."""
    stage = Stage(folder / "data", Amplitude(world.folder, KEY, SECRET))
    with serving(stage.respond) as url:
        stage.settings = {
            "ENV_FILE": "",
            "DATA_DIR": str(stage.data_dir),
            "AMPLITUDE_API_KEY": KEY,
            "AMPLITUDE_SECRET_KEY": SECRET,
            "AMPLITUDE_EXPORT_URL": f"{url}/api/2/export",
            "AMPLITUDE_PROFILE_URL": f"{url}/v1/userprofile",
            "EXTRACT_FROM": "2025-03-03",
            "EXTRACT_TO": "2025-03-04T05",
            "EXTRACT_LOOKBACK_HOURS": "0",
            "EXTRACT_PROFILES": "false",
            "PROFILE_RATE": "60000",
        }
        yield stage


@pytest.fixture
def stage(tmp_path: Path, world: World, empty_raw: Path) -> Iterator[Stage]:
    """The stage before its first export: the raw tables are there, and have no rows."""
    with serving_stage(tmp_path, world) as stage:
        shutil.copytree(empty_raw, stage.data_dir)
        yield stage


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path / "archive")


@contextmanager
def opened(folder: Path) -> Iterator[RawTables]:
    """Open the raw tables of a warehouse in this folder."""
    with closing(duckdb.connect(folder / "warehouse.duckdb")) as connection:
        yield RawTables(connection, folder / "dlt", folder / "scratch")


@pytest.fixture(scope="session")
def empty_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the raw tables were opened once, which takes dlt most of a second."""
    folder = tmp_path_factory.mktemp("empty")
    with opened(folder):
        return folder


@pytest.fixture
def raw(tmp_path: Path, empty_raw: Path) -> Iterator[RawTables]:
    """Raw tables without rows, opened before."""
    shutil.copytree(empty_raw, tmp_path, dirs_exist_ok=True)
    with opened(tmp_path) as raw:
        yield raw


def settings_for(url: str) -> ExtractSettings:
    """Return settings with good keys for a server of the test's own."""
    return ExtractSettings(
        amplitude_api_key=KEY,
        amplitude_secret_key=SECRET,
        amplitude_export_url=f"{url}/api/2/export",
        amplitude_profile_url=f"{url}/v1/userprofile",
    )


class Answers:
    """A server that gives its answers in turn, the last one for ever."""

    def __init__(self, *answers: Response) -> None:
        self._answers = answers
        self.requests: list[Request] = []
        self.waits: list[float] = []

    def respond(self, request: Request) -> Response:
        """Give the next answer."""
        self.requests.append(request)
        return self._answers[min(len(self.requests), len(self._answers)) - 1]
