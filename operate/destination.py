"""Where the rows of the marts stand towards each destination that a loader has ever sent to.

At rest the ledger knows. While a loader holds it, the progress file does, which the loader
replaces every second.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from pipeline.terminal import note

PHASES = ("aliases", "groups", "events", "persons")

_ROWS = " union all ".join(
    f"""select '{phase}' as phase, uuid, distinct_id, "timestamp" from marts.posthog_{phase}"""
    for phase in PHASES
)

# As the loader judges them: a person's final state waits for the person's young events.
_KNOWN = f"""
with
    judged as (
        select
            phase,
            distinct_id,
            case
                when uuid in (select uuid from ledger.delivered) then 'acknowledged'
                when uuid in (select uuid from ledger.refused) then 'refused'
                when "timestamp" > $youngest then 'waiting'
                else 'ready'
            end as standing
        from ({_ROWS})
    ),

    held as (select distinct_id from judged where phase = 'events' and standing = 'waiting')

select
    phase,
    case
        when phase = 'persons' and standing = 'ready' and distinct_id in (from held) then 'waiting'
        else standing
    end as standing_together,
    count(*)
from judged
group by all
"""

Counts = Mapping[str, int]


@dataclass(frozen=True)
class Standing:
    """One destination: its rows by phase, and what is going on there."""

    name: str
    news: str
    acknowledged: Counts
    refused: Counts
    waiting: Counts


def standings(
    warehouse: duckdb.DuckDBPyConnection, delivery: Path, youngest: datetime
) -> Iterator[Standing]:
    """Look at every ledger in the folder; what is younger than `youngest` waits."""
    for ledger in sorted(delivery.glob("*.duckdb")):
        progress = _progress(ledger)
        if progress.get("running") and _is_alive(progress["pid"]):
            yield _while_it_runs(ledger.stem, progress)
        else:
            killed = "the last run was killed: run the same command again"
            yield _at_rest(warehouse, ledger, killed if progress.get("running") else "", youngest)


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
    acknowledged, refused, waiting = {}, {}, {}
    for phase in PHASES:
        before = progress["standing"].get(phase, {})
        known = sum(before.get(state, 0) for state in ("delivered", "changed", "rekeyed"))
        now = progress["accepted_by_phase"].get(phase, 0)
        acknowledged[phase] = known + now
        refused[phase] = before.get("refused", 0) + progress["refused_by_phase"].get(phase, 0)
        if progress["kind"] == "replay":
            refused[phase] = before.get("refused", 0) - now
        waiting[phase] = before.get("waiting", 0)
    return Standing(name, _news(progress), acknowledged, refused, waiting)


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
    warehouse: duckdb.DuckDBPyConnection, ledger: Path, news: str, youngest: datetime
) -> Standing:
    quoted = str(ledger).replace("'", "''")
    try:
        warehouse.execute(f"attach '{quoted}' as ledger (read_only)")
    except duckdb.Error:
        note(f"{ledger} is held by a loader that has just begun: ask again in a moment.")
        return Standing(ledger.stem, "looking", {}, {}, {})
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for phase, standing, rows in warehouse.execute(_KNOWN, {"youngest": youngest}).fetchall():
        counts[standing][phase] = rows
    warehouse.execute("detach ledger")
    return Standing(ledger.stem, news, counts["acknowledged"], counts["refused"], counts["waiting"])
