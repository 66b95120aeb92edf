"""A warm start is a shorter way to the same process."""

import os
from pathlib import Path
from signal import SIGKILL

import pytest

from tests.conftest import environment
from tests.stages import Process, run_cold, run_warm

STAGES = ["extract", "extract.rebuild", "dbt_project", "load", "operate.sql"]


@pytest.mark.parametrize("stage", STAGES)
def test_started_warm_a_stage_says_what_it_says_started_cold(stage: str, tmp_path: Path) -> None:
    settings = environment(tmp_path, EXTRACT_FILES=str(tmp_path / "none"))
    cold, warm = run_cold(["-m", stage], settings), run_warm(["-m", stage], settings)
    assert (warm.returncode, warm.stdout, warm.stderr) == (
        cold.returncode,
        cold.stdout,
        cold.stderr,
    )
    assert "Error: " in cold.stderr


def test_a_warm_process_has_its_own_environment_and_arguments_alone(tmp_path: Path) -> None:
    code = "import os, sys; print(sys.argv, os.getcwd(), *sorted(os.environ))"
    settings = environment(tmp_path, A_SETTING="1")
    command = ["-c", code, "one", "two"]
    assert run_warm(command, settings, "load").stdout == run_cold(command, settings).stdout


def test_what_is_killed_warm_is_a_process_that_dies(tmp_path: Path) -> None:
    code = "import time; print('begun', flush=True); time.sleep(3600)"
    with Process(["-c", code], environment(tmp_path), "load") as process:
        assert process.poll() is None
        os.kill(process.pid, SIGKILL)
        assert process.wait() == -SIGKILL
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ("import sys; sys.exit(3)", (3, "", "")),
        ("import sys; sys.exit('no')", (1, "", "no\n")),
        ("import atexit; atexit.register(print, 'left')", (0, "left\n", "")),
    ],
)
def test_a_warm_process_ends_as_python_ends(
    code: str, ending: tuple[int, str, str], tmp_path: Path
) -> None:
    done = run_warm(["-c", code], environment(tmp_path), "load")
    assert (done.returncode, done.stdout, done.stderr) == ending


def test_a_traceback_is_a_failure(tmp_path: Path) -> None:
    done = run_warm(["-c", "1 / 0"], environment(tmp_path), "load")
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")
