"""First things first: what looks wrong stops a run before its first event, unless it is forced."""

import pytest

from sandbox import capture, classic
from sandbox.capture_faults import NO_V1, NO_V1_SINK, refusal
from sandbox.faults import Fault
from tests.load.conftest import OTHER_PROJECT, Stage, one_line, row, shown

EVENTS = [row(number) for number in range(200)]


def test_events_of_other_persons_than_those_they_were_delivered_to_stop_a_run(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.run()
    stage.fill(events=[row(n, distinct_id=f"other {n}") for n in range(3)] + EVENTS[3:])
    result = stage.run()
    assert result.returncode == 1
    assert "3 of 200 delivered events have another name, day or person" in one_line(result.stderr)
    forced = stage.run(LOAD_FORCE="true")
    assert forced.returncode == 0
    assert "LOAD_FORCE waves this through: 3 of 200" in forced.stderr


def test_a_few_events_of_other_persons_are_no_reason_to_stop(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.run()
    stage.fill(events=[row(0, distinct_id="other"), *EVENTS[1:]])
    assert stage.run().returncode == 0


def test_marts_that_lack_most_of_what_was_delivered_stop_a_run(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.run()
    stage.fill(events=[row(1_000 + number) for number in range(200)])
    result = stage.run()
    assert result.returncode == 1
    assert "200 of 200 delivered events are not in the marts" in one_line(result.stderr)
    assert stage.received() == 200


def test_a_whole_load_into_a_rehearsals_project_is_stopped(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.identify()
    assert stage.run("rehearse", LOAD_SAMPLE_PERSONS="1").returncode == 0
    result = stage.run()
    assert result.returncode == 1
    assert "holds a rehearsal" in one_line(result.stderr)
    assert stage.run(LOAD_FORCE="true").returncode == 0
    assert stage.received() == 200


def test_a_rehearsal_into_the_project_of_a_whole_load_is_stopped(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    stage.identify()
    stage.run()
    result = stage.run("rehearse")
    assert result.returncode == 1
    assert "rehearse in a test project" in one_line(result.stderr)


@pytest.mark.parametrize("fault", [NO_V1, NO_V1_SINK])
def test_a_server_without_v1_gets_the_same_events_by_the_classic_way(
    stage: Stage, fault: Fault
) -> None:
    stage.faults.always(capture.PATH, fault)
    stage.fill(events=EVENTS)
    result = stage.run()
    assert result.returncode == 0
    assert "has no Capture V1: sending to /batch/" in result.stderr
    assert shown(result.stdout, "events accepted") == "200"
    stored = stage.posthog.query(
        'select uuid::varchar, "timestamp"::varchar, properties from events order by all'
    )
    assert [(uuid, at) for uuid, at, _ in stored] == sorted(
        (one["uuid"], one["timestamp"]) for one in EVENTS
    )


def test_a_probe_sends_nothing_and_a_wrong_token_ends_there(stage: Stage) -> None:
    stage.fill(events=EVENTS)
    result = stage.run(POSTHOG_PROJECT_TOKEN=OTHER_PROJECT)
    assert result.returncode == 1
    assert "answered 401" in one_line(result.stderr)
    assert len(stage.faults.requests) == 1


def test_a_server_that_does_not_answer_at_first_is_asked_again(stage: Stage) -> None:
    stage.faults.once(capture.PATH, refusal(503), refusal(429, retry_after="0"))
    stage.fill(events=EVENTS)
    assert stage.run().returncode == 0
    assert stage.received() == 200


def test_without_either_way_nothing_is_sent(stage: Stage) -> None:
    stage.faults.always(capture.PATH, NO_V1)
    stage.faults.always(classic.PATH, refusal(404))
    stage.fill(events=EVENTS)
    result = stage.run()
    assert result.returncode == 1
    assert "answered 404" in one_line(result.stderr)
    assert stage.ledger("from runs") == []
