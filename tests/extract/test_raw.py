"""Each line once, whenever the process dies: the real command, killed at named moments."""

import signal
from pathlib import Path

from extract.raw import RawTables
from extract.tables import BAD_LINES, TABLES
from tests.extract.conftest import Stage, World, opened

# dlt moves a job's file to `started_jobs` before its statement, and to `completed_jobs` once it has
# committed.
MOMENTS = (
    "completed_jobs/bad_lines.",
    "started_jobs/events.",
    "completed_jobs/events.",
    "started_jobs/exports.",
    "completed_jobs/exports.",
)
EACH_LINE_ONCE = """
select
    (select count(*) from raw.events),
    (select count(*) from raw.bad_lines where not repaired),
    (select count(*) from raw.bad_lines where repaired),
    (select sum(lines) from raw.exports),
    (select count(*) from raw.exports),
    (select count(distinct uuid) from raw.events)
"""


def test_killed_at_any_moment_and_run_again_each_line_arrives_once(
    stage: Stage, world: World
) -> None:
    for moment in MOMENTS:
        killed = stage.run_until(moment, signal.SIGKILL)
        assert killed.returncode == -signal.SIGKILL, (moment, killed.stderr)
    assert stage.run().returncode == 0

    truth = world.truth
    events, repaired = truth.lines - truth.bad_lines, truth.repairable_lines
    assert stage.query(EACH_LINE_ONCE) == [
        (events, truth.bad_lines, repaired, truth.lines, 2, truth.distinct_uuids)
    ]


def test_ctrl_c_stops_a_load_at_once(stage: Stage) -> None:
    result = stage.run_until("started_jobs/events.", signal.SIGINT)
    assert result.returncode == 130
    assert result.stderr.splitlines()[-1] == "Stopped. Run the same command again to go on."


def test_all_tables_are_there_from_the_start(tmp_path: Path) -> None:
    with opened(tmp_path) as raw:
        for table in TABLES:
            (found,) = raw.query(
                "select list(column_name order by column_index) from duckdb_columns() "
                "where schema_name = 'raw' and table_name = ?",
                table.name,
            )
            assert found[0] == [*table.columns, "_dlt_load_id", "_dlt_id"][: len(found[0])]
            assert "_dlt_load_id" in found[0]


def test_rows_of_any_text_come_back_as_they_were_and_never_twice(raw: RawTables) -> None:
    texts = ["", "it's", 'a "quote"', "é🫖", "\0\x01\n", "x" * 3_000_000]
    rows = [
        {"export_file": f"file {number}", "line_number": number, "line": text, "repaired": False}
        for number, text in enumerate(texts)
    ]
    raw.insert_rows(BAD_LINES, rows[:4])
    raw.insert_rows(BAD_LINES, rows)
    assert raw.query("select line, error, repaired from raw.bad_lines order by line_number") == [
        (text, None, False) for text in texts
    ]
