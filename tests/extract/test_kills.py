"""Each line once, whenever the process dies: the real command, killed at random moments."""

import time
from itertools import count
from pathlib import Path
from random import Random
from subprocess import TimeoutExpired

from tests.extract.conftest import Stage, World, serving_stage

KILLS = 20
KILLS_IN_A_ROW = 8
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
    whole, kills = 0.0, 0
    for folder in count():
        with serving_stage(tmp_path / str(folder), world) as stage:
            stage.settings["EXTRACT_PROFILES"] = "true"
            if folder == 0:
                whole = seconds(stage)
            else:
                kills += killed(stage, moments(rng, whole))
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


def moments(rng: Random, whole: float) -> list[float]:
    """Some moments, not too late for runs that go on where others were killed."""
    return [whole * rng.uniform(0.05, 0.65) for _ in range(KILLS_IN_A_ROW)]


def seconds(stage: Stage) -> float:
    """How long a whole run takes, here and now."""
    with stage.start() as process:
        started = time.monotonic()
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    return time.monotonic() - started


def killed(stage: Stage, moments: list[float]) -> int:
    """Run again and again until it is done, and count the runs that were killed at these moments.

    One that is faster than its moment is not killed, and the one after the last is let alone.
    """
    for kills, moment in enumerate([*moments, None]):
        if not dies(stage, moment):
            return kills
    raise AssertionError


def dies(stage: Stage, moment: float | None) -> bool:
    """Start the command and kill it after so many seconds, unless it has finished by then."""
    with stage.start() as process:
        try:
            _, errors = process.communicate(timeout=moment)
        except TimeoutExpired:
            process.kill()
            return process.wait() < 0
    assert process.returncode == 0, errors
    return False
