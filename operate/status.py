"""`python -m operate.status`: where every event stands, from the export to each destination.

Beside a running load, too: the loader holds its ledger then, so what it has sent since it began is
in the progress file, which it replaces every second.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from pipeline.errors import StoreError
from pipeline.settings import Settings
from pipeline.terminal import note, run, summary
from pipeline.warehouse import connect

PHASES = ("aliases", "groups", "events", "persons")

_EXPORTED = """
select
    (select coalesce(sum(lines), 0) from raw.exports where status <> 'failed')::bigint,
    (select count(*) from raw.bad_lines where not repaired),
    (select count(*) from marts.rejected_events),
    (select count(*) from marts.posthog_events)
"""

_IN_MARTS = " union all ".join(
    f"select '{phase}', count(*) from marts.posthog_{phase}" for phase in PHASES
)

_KNOWN = " union all ".join(
    f"""
    select
        '{phase}',
        count(*) filter (where uuid in (select uuid from ledger.delivered)),
        count(*) filter (
            where
                uuid in (select uuid from ledger.refused)
                and uuid not in (select uuid from ledger.delivered)
        )
    from marts.posthog_{phase}
    """
    for phase in PHASES
)

Counts = dict[str, int]


@dataclass(frozen=True)
class Standing:
    """One destination: its rows of the marts by phase, and what is going on there."""

    name: str
    news: str
    acknowledged: Counts
    refused: Counts


def main() -> None:
    """Print where everything stands.

    Raises:
        StoreError: there is no warehouse, or another process writes to it.
    """
    settings = Settings.read()
    with closing(connect(settings.warehouse, settings, read_only=True)) as warehouse:
        _show_exported(warehouse)
        in_marts = dict(warehouse.execute(_IN_MARTS).fetchall())
        standings = list(_standings(warehouse, settings.data_dir / "delivery"))
    for standing in standings:
        print()
        _show(standing, in_marts)
    if not standings:
        print("\nNothing was sent anywhere yet.")


def _show_exported(warehouse: duckdb.DuckDBPyConnection) -> None:
    try:
        ((lines, bad, rejected, events),) = warehouse.execute(_EXPORTED).fetchall()
    except duckdb.CatalogException as error:
        raise StoreError(
            f"The warehouse is not built yet ({str(error).splitlines()[0]}): run `just extract "
            "transform` first."
        ) from None
    facts = {
        "exported lines": lines,
        "bad lines": bad,
        "rejected": rejected,
        "events to send": events,
    }
    summary("Exported", facts)


def _standings(warehouse: duckdb.DuckDBPyConnection, delivery: Path) -> Iterator[Standing]:
    for ledger in sorted(delivery.glob("*.duckdb")):
        progress = _progress(ledger)
        if progress.get("running") and _is_alive(progress["pid"]):
            yield _while_it_runs(ledger.stem, progress)
        else:
            yield _at_rest(warehouse, ledger, progress)


def _progress(ledger: Path) -> dict[str, Any]:
    try:
        facts: dict[str, Any] = json.loads(ledger.with_suffix(".progress.json").read_text())
    except FileNotFoundError:
        return {}
    return facts


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _while_it_runs(name: str, progress: Mapping[str, Any]) -> Standing:
    standing, accepted = progress["standing"], progress["accepted_by_phase"]
    acknowledged, refused = {}, {}
    for phase in PHASES:
        before = standing.get(phase, {})
        known = sum(before.get(state, 0) for state in ("delivered", "changed", "rekeyed"))
        now = accepted.get(phase, 0)
        acknowledged[phase] = known + now
        refused[phase] = before.get("refused", 0) + progress["refused_by_phase"].get(phase, 0)
        if progress["kind"] == "replay":
            refused[phase] = before.get("refused", 0) - now
    return Standing(name, _news(progress), acknowledged, refused)


def _news(progress: Mapping[str, Any]) -> str:
    done = sum(progress[count] for count in ("accepted", "refused", "unacknowledged"))
    rate = done / progress["seconds"] if progress["seconds"] else 0
    facts = [
        f"{progress['kind']} by process {progress['pid']}, {done:,} of {progress['going']:,} done",
        f"{rate:,.0f} a second",
    ]
    if progress["phase"] == "events":
        facts.append(
            f"{progress['day']}, {progress['days_done']:,} of {progress['days']:,} days done"
        )
    if rate:
        left = timedelta(seconds=round((progress["going"] - done) / rate))
        facts.append(f"{left} left")
    return ", ".join(facts)


def _at_rest(
    warehouse: duckdb.DuckDBPyConnection, ledger: Path, progress: Mapping[str, Any]
) -> Standing:
    quoted = str(ledger).replace("'", "''")
    try:
        warehouse.execute(f"attach '{quoted}' as ledger (read_only)")
    except duckdb.Error:
        note(f"{ledger} is held by a loader that has just begun: ask again in a moment.")
        return Standing(ledger.stem, "looking", {}, {})
    rows = warehouse.execute(_KNOWN).fetchall()
    warehouse.execute("detach ledger")
    killed = (
        "the last run was killed: run the same command again" if progress.get("running") else ""
    )
    return Standing(
        ledger.stem,
        killed,
        {phase: acknowledged for phase, acknowledged, _ in rows},
        {phase: refused for phase, _, refused in rows},
    )


def _show(standing: Standing, in_marts: Counts) -> None:
    table = Table(title=f"{standing.name}\n{standing.news}".rstrip(), title_justify="left")
    table.add_column("")
    for column in (*PHASES, "all"):
        table.add_column(column, justify="right")
    left = {
        phase: rows - standing.acknowledged.get(phase, 0) - standing.refused.get(phase, 0)
        for phase, rows in in_marts.items()
    }
    for label, counts in (
        ("acknowledged", standing.acknowledged),
        ("refused", standing.refused),
        ("not sent yet", left),
        ("in the marts", in_marts),
    ):
        cells = [counts.get(phase, 0) for phase in PHASES]
        table.add_row(label, *(f"{cell:,}" for cell in (*cells, sum(cells))))
    Console(highlight=False, width=100).print(table, markup=False)


if __name__ == "__main__":
    run(main)
