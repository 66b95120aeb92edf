"""The demo: the three real stages, one after another, between the two sandbox servers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sandbox.project import Project, running
from sandbox.world import Plan

_STAGES = ("extract", "dbt_project", "load")
_TOP_EVENTS = """
select event, count(*) as events, count(distinct distinct_id) as distinct_ids
from events
group by event
order by events desc, event
limit 12
"""
_TOTALS = """
select
    count(*) filter (where event not in ('$create_alias', '$groupidentify', '$set')) as events,
    count(*) filter (where event = '$create_alias') as aliases,
    count(*) filter (where event = '$groupidentify') as group_changes,
    count(distinct distinct_id) filter (where event = '$set') as persons
from events
"""


def demo(folder: Path) -> int:
    """Run the pipeline from nothing in `folder`, then show what arrived; returns the exit code."""
    shutil.rmtree(folder, ignore_errors=True)
    with running(Plan(), folder / "sandbox") as project:
        print(
            f"Sandbox: a local Amplitude with {project.truth.lines:,} exported lines of "
            f"{project.truth.persons:,} people, and a local, empty PostHog.\n",
            flush=True,
        )
        for stage in _STAGES:
            code = run_stage(stage, folder, project)
            if code:
                return code
            print(flush=True)
        _show(project)
    just = "just" if shutil.which("just") else ".venv/bin/just"
    print(
        f"\nLook around:               DATA_DIR={folder} {just} sql\n"
        f'Who is who:                DATA_DIR={folder} {just} sql "from marts.distinct_ids"\n'
        f'What is not sent, and why: DATA_DIR={folder} {just} sql "from marts.rejected_events"'
    )
    return 0


def run_stage(stage: str, folder: Path, project: Project) -> int:
    """Run one stage as its own process, with the sandbox's settings and nobody's `.env`."""
    settings = project.settings | {"DATA_DIR": str(folder), "ENV_FILE": ""}
    inherited = {name: value for name, value in os.environ.items() if name in _INHERITED}
    command = [sys.executable, "-m", stage]
    return subprocess.run(command, env=inherited | settings, check=False).returncode  # noqa: S603


# A developer's real credentials, exported in the shell, must not reach the demo.
_INHERITED = frozenset(
    {"HOME", "LANG", "LC_ALL", "PATH", "SYSTEMROOT", "TERM", "TMPDIR", "COLUMNS"}
)


def _show(project: Project) -> None:
    table = Table(title="What arrived in PostHog", title_justify="left")
    for column in ("event", "events", "distinct_ids"):
        table.add_column(column, justify="left" if column == "event" else "right")
    for event, events, distinct_ids in project.posthog.query(_TOP_EVENTS):
        table.add_row(event, f"{events:,}", f"{distinct_ids:,}")
    Console(highlight=False).print(table, markup=False)
    events, aliases, group_changes, persons = project.posthog.query(_TOTALS)[0]
    print(
        f"In all {events:,} events, {aliases:,} aliases, {group_changes:,} group changes "
        f"and the final properties of {persons:,} people."
    )
