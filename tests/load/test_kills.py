"""Killed with -9 at any moment, as often as you like: nothing is lost, and nothing is doubled."""

import json
import random
import signal
import time
from collections.abc import Callable
from threading import Thread

from sandbox import capture
from sandbox.faults import Fault, honest
from sandbox.http import Request, Respond, Response
from tests.load.conftest import Stage, row, shown

KILLS = 24
PEOPLE = 40
EVENTS = [row(number, distinct_id=f"person {number % PEOPLE}") for number in range(400)]
PERSONS = [row(1_000 + n, event="$set", distinct_id=f"person {n}") for n in range(PEOPLE)]
ALIASES = [row(2_000 + n, event="$create_alias", distinct_id=f"person {n}") for n in range(PEOPLE)]
TOTAL = len(EVENTS) + len(PERSONS) + len(ALIASES)


def killing(chance: random.Random, kill: Callable[[], None]) -> Fault:
    """Kill at one of the next requests: before it is stored, after it, or at some later moment."""
    countdown = chance.randint(1, 8)
    moment = chance.choice(["before", "after", "later"])
    delay = chance.randint(1, 20)

    def strike(request: Request, respond: Respond) -> Response:
        nonlocal countdown
        countdown -= 1
        if countdown:
            return respond(request)
        if moment == "before":
            kill()
        response = respond(request)
        if moment == "after":
            kill()
        if moment == "later":
            Thread(target=kill_later, args=(delay / 1_000, kill)).start()
        return response

    return strike


def kill_later(seconds: float, kill: Callable[[], None]) -> None:
    time.sleep(seconds)
    kill()


def test_two_dozen_kills_lose_nothing_and_double_nothing(stage: Stage) -> None:
    stage.fill(aliases=ALIASES, events=EVENTS, persons=PERSONS)
    chance, said = random.Random(7), 0
    for _ in range(KILLS):
        with stage.start(LOAD_LANES="64") as process:
            stage.faults.always(capture.PATH, killing(chance, process.kill))
            process.communicate()
        assert process.returncode == -signal.SIGKILL
        said += announced(stage)
    stage.faults.always(capture.PATH, honest)
    result = stage.run()
    assert result.returncode == 0
    stored = stage.posthog.query("select count(*), count(distinct uuid) from events")
    assert stored == [(TOTAL, TOTAL)]
    assert stage.ledger("select count(*), count(distinct uuid) from delivered") == stored
    assert stage.received() - TOTAL <= said + announced(stage)


def announced(stage: Stage) -> int:
    """How many events the last run said would go again, before it was killed too."""
    for path in (stage.data_dir / "delivery").glob("*.progress.json"):
        again: int = json.loads(path.read_text())["again"]
        path.unlink()
        return again
    return 0


def test_every_event_that_goes_twice_was_announced(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    with stage.start(LOAD_LANES="4") as process:

        def store_and_kill(request: Request, respond: Respond) -> Response:
            response = respond(request)
            process.kill()
            return response

        stage.faults.once(capture.PATH, honest)
        stage.faults.always(capture.PATH, store_and_kill)
        process.communicate()
    stage.faults.always(capture.PATH, honest)
    arrived = stage.received()
    assert arrived > 0
    result = stage.run()
    assert stage.received() == len(EVENTS) + arrived
    assert int(shown(result.stdout, "in flight when the last run ended")) >= arrived
