"""One table tells where every event stands: before, while and after a load, and after a kill."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from operate import status
from tests.load.conftest import Stage, row, shown, until

EVENTS = [row(number) for number in range(300)]
_UPSTREAM = """
create schema raw;
create table raw.exports as select 320 as lines, 'loaded' as status;
create table raw.bad_lines as select false as repaired from range(5);
create table marts.rejected_events as select 'duplicate' as reason from range(15);
"""


@pytest.fixture
def filled(stage: Stage) -> Stage:
    stage.fill(aliases=[row(1_000)], events=EVENTS)
    with closing(duckdb.connect(stage.data_dir / "warehouse.duckdb")) as warehouse:
        warehouse.execute(_UPSTREAM)
    return stage


def told(stage: Stage, label: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The numbers beside a label: aliases, groups, events, persons, all."""
    stage.monkeypatch.setenv("DATA_DIR", str(stage.data_dir))
    stage.monkeypatch.setenv("ENV_FILE", "")
    status.main()
    (line,) = [line for line in capsys.readouterr().out.splitlines() if f" {label} " in line]
    return [cell.strip() for cell in line.strip("│ \n").split("│")[1:]]


def test_before_a_load_nothing_was_sent(filled: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    filled.monkeypatch.setenv("DATA_DIR", str(filled.data_dir))
    status.main()
    printed = capsys.readouterr().out
    assert printed.split("\n")[:5] == [
        "Exported",
        "  exported lines  320",
        "  bad lines         5",
        "  rejected         15",
        "  events to send  300",
    ]
    assert "Nothing was sent anywhere yet." in printed


def test_after_a_load_everything_is_acknowledged_or_refused(
    filled: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.fill(aliases=[row(1_000)], events=[*EVENTS[1:], row(0, distinct_id="x" * 201)])
    filled.run()
    assert told(filled, "acknowledged", capsys) == ["1", "0", "299", "0", "300"]
    assert told(filled, "refused", capsys) == ["0", "0", "1", "0", "1"]
    assert told(filled, "ready to be sent", capsys) == ["0", "0", "0", "0", "0"]


def test_what_is_too_young_is_told_apart_from_what_is_ready(
    filled: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    """A person's final state waits with the person's young events; so the loader has it, too."""
    young = str(datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=47))
    filled.fill(
        events=[*EVENTS, row(300, distinct_id="ann", timestamp=young)],
        persons=[row(400, distinct_id="ann"), row(401, distinct_id="ben")],
    )
    result = filled.run(LOAD_TO="2024-03-01")
    assert shown(result.stdout, "waiting (younger than 48 h)") == "2"
    sent = filled.received()
    assert told(filled, "waiting (younger than 48 h)", capsys) == ["0", "0", "1", "1", "2"]
    assert told(filled, "ready to be sent", capsys)[4] == str(303 - sent - 2)
    filled.monkeypatch.setenv("LOAD_MIN_AGE_HOURS", "46")
    assert told(filled, "waiting (younger than 46 h)", capsys)[4] == "0"


def test_beside_a_running_load_it_says_how_far_that_is(
    filled: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    filled.run(LOAD_TO="2024-03-02")
    before = filled.received()
    with filled.start(LOAD_RATE="30") as process:
        until(lambda: filled.received() > before + 30)
        until(lambda: int(told(filled, "acknowledged", capsys)[2]) > before)
        status.main()
        printed = capsys.readouterr().out
        process.kill()
    assert f"load by process {process.pid}, " in printed
    assert " days done" in printed
    assert " left" in printed


def test_after_a_kill_it_says_so(filled: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    with filled.start(LOAD_RATE="30") as process:
        until(lambda: filled.received() > 30)
        process.kill()
    acknowledged = told(filled, "acknowledged", capsys)[4]
    assert filled.ledger("select count(*)::varchar from delivered") == [(acknowledged,)]
    status.main()
    assert "the last run was killed: run the same command again" in capsys.readouterr().out
