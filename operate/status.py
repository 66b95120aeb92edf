"""`python -m operate.status`: where every event stands, from the export to each destination."""

from contextlib import closing
from datetime import UTC, datetime, timedelta

import duckdb
from pydantic import Field
from rich.console import Console
from rich.table import Table

from operate.destination import PHASES, Counts, Standing, standings
from pipeline.errors import StoreError
from pipeline.settings import Settings
from pipeline.terminal import run, summary
from pipeline.warehouse import connect

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


class StatusSettings(Settings):
    """What the status needs to know: like the loader, it lets young events wait."""

    load_min_age_hours: float = Field(48, ge=0, le=1_000_000)  # about a century


def main() -> None:
    """Print where everything stands.

    Raises:
        StoreError: there is no warehouse, or another process writes to it.
    """
    settings = StatusSettings.read()
    hours = settings.load_min_age_hours
    youngest = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=hours)
    with closing(connect(settings.warehouse, settings, read_only=True)) as warehouse:
        _show_exported(warehouse)
        in_marts = dict(warehouse.execute(_IN_MARTS).fetchall())
        found = list(standings(warehouse, settings.data_dir / "delivery", youngest))
    for standing in found:
        print()
        _show(standing, in_marts, hours)
    if not found:
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


def _show(standing: Standing, in_marts: Counts, hours: float) -> None:
    print(f"{standing.name}\n{standing.news}".rstrip())
    table = Table("")
    for column in (*PHASES, "all"):
        table.add_column(column, justify="right")
    known = (standing.acknowledged, standing.refused, standing.waiting)
    ready = {
        phase: rows - sum(counts.get(phase, 0) for counts in known)
        for phase, rows in in_marts.items()
    }
    for label, counts in (
        ("acknowledged", standing.acknowledged),
        ("refused", standing.refused),
        (f"waiting (younger than {hours:g} h)", standing.waiting),
        ("ready to be sent", ready),
        ("in the marts", in_marts),
    ):
        cells = [counts.get(phase, 0) for phase in PHASES]
        table.add_row(label, *(f"{cell:,}" for cell in (*cells, sum(cells))))
    Console(highlight=False, width=100).print(table, markup=False)


if __name__ == "__main__":
    run(main)
