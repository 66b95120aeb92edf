"""What several rooms of tests share: stages as real processes, and one demo for the session."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
_KEPT = ("HOME", "PATH", "LANG", "TMPDIR")


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    """An environment with these settings alone: a developer's own never reach a test."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return kept | {"ENV_FILE": "", "DATA_DIR": str(data_dir)} | settings


def run_stage(
    stage: str, data_dir: Path, *arguments: str, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m <stage>` to its end."""
    return subprocess.run(
        [sys.executable, "-m", stage, *arguments],
        cwd=ROOT,
        env=environment(data_dir, **settings),
        capture_output=True,
        text=True,
        check=False,
    )


def succeed(stage: str, data_dir: Path, *arguments: str, **settings: str) -> str:
    """Run a stage that must work; returns what it printed."""
    done = run_stage(stage, data_dir, *arguments, **settings)
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
    printed = succeed("sandbox", folder, "demo", str(folder / "demo"))
    return Demo(folder / "demo", printed)
