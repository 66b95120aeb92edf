"""What several rooms of tests share: stages as real processes, and one demo for the session."""

import subprocess
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from tests.stages import kept, run_cold, run_warm

ROOT = Path(__file__).parents[1]


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """An environment with these settings alone: a developer's own never reach a test."""
    return kept() | {"ENV_FILE": "", "DATA_DIR": str(data_dir)} | settings


def run_stage(
    stage: str, data_dir: Path, *arguments: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m <stage>` to its end, started warm."""
    return run_warm(["-m", stage, *arguments], environment(data_dir, **settings))


def succeed(stage: str, data_dir: Path, *arguments: str, **settings: str) -> str:
    """Run a stage that must work, started warm; returns what it printed."""
    return printed(run_stage(stage, data_dir, *arguments, **settings))


def succeed_cold(stage: str, data_dir: Path, *arguments: str, **settings: str) -> str:
    """Run a stage that must work as a recipe starts it; returns what it printed."""
    return printed(run_cold(["-m", stage, *arguments], environment(data_dir, **settings)))


def printed(done: subprocess.CompletedProcess[str]) -> str:
    """What a command printed that must have worked."""
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass(frozen=True)
class Demo:
    """What `just demo` left behind: its folder and what it printed."""

    folder: Path
    printed: str


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests of the whole: they take longest, and another process does the rest."""
    items.sort(key=lambda item: item.path.parent != Path(__file__).parent)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name no test by bytes: a gzip holds the second in which it was made."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Demo:
    """The demo, run once, also where tests run in several processes."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent
    printed = folder / "demo.txt"
    with (folder / "demo.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not printed.exists():
            printed.write_text(succeed_cold("sandbox", folder, "demo", str(folder / "demo")))
    return Demo(folder / "demo", printed.read_text())
