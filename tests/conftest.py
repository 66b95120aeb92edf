"""What several rooms of tests share: stages as real processes, and one demo for the session."""

import subprocess
from dataclasses import dataclass
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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo")
    return Demo(folder / "demo", succeed_cold("sandbox", folder, "demo", str(folder / "demo")))
