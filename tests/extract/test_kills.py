"""Each line once, whenever the process dies: the real command, killed at random moments."""

import subprocess
import sys
from itertools import count
from pathlib import Path
from random import Random

from tests.extract.conftest import Stage, World, serving_stage

KILLS = 20
# Python and dlt take the first second to start; a whole run takes about three.
MOMENTS_SECONDS = (0.8, 3.0)
COUNTS = """
select
    (select count(*) from raw.events),
    (select count(distinct uuid) from raw.events),
    (select count(*) from raw.bad_lines where not repaired),
    (select count(*) from raw.bad_lines where repaired),
    (select count(distinct export_file || ' ' || line_number) from raw.bad_lines),
    (select count(*) from raw.exports where status = 'loaded'),
    (select sum(lines) from raw.exports),
    (select count(distinct user_id) - count(*) from raw.user_profiles)
"""


def test_after_twenty_kills_at_random_moments_each_line_arrived_once(
    tmp_path: Path, world: World
) -> None:
    rng = Random(20)
    kills = 0
    for folder in count():
        with serving_stage(tmp_path / str(folder), world) as stage:
            stage.settings["EXTRACT_PROFILES"] = "true"
            while killed(stage, rng):
                kills += 1
            truth = world.truth
            assert stage.query(COUNTS) == [
                (
                    truth.lines - truth.bad_lines,
                    truth.distinct_uuids,
                    truth.bad_lines,
                    truth.repairable_lines,
                    truth.bad_lines + truth.repairable_lines,
                    2,
                    truth.lines,
                    0,
                )
            ]
        if kills >= KILLS:
            break


def killed(stage: Stage, rng: Random) -> bool:
    """Start the command and kill it at a random moment, unless it has finished by then."""
    process = subprocess.Popen(
        [sys.executable, "-m", "extract"],
        env=stage.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        _, errors = process.communicate(timeout=rng.uniform(*MOMENTS_SECONDS))
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    assert process.returncode == 0, errors.decode()
    return False
