"""`python -m operate.sql [QUERY]`: DuckDB's shell on the warehouse, read-only.

The ledger that was written last is attached as `delivery`, unless a loader holds it right now.
"""

import os
import sys
from pathlib import Path

from pipeline.errors import StoreError
from pipeline.settings import Settings
from pipeline.terminal import note, run
from pipeline.warehouse import connect


def main() -> None:
    """Replace this process by the shell; with a query, run that and leave.

    Raises:
        StoreError: there is no warehouse, or another process writes to it.
    """
    settings = Settings.read()
    connect(settings.warehouse, settings, read_only=True).close()
    shell = Path(sys.executable).with_name("duckdb")
    command = [str(shell), "-readonly", str(settings.warehouse), *_ledger(settings)]
    for query in sys.argv[1:]:
        command += ["-c", query]
    os.execv(shell, command)  # noqa: S606 - the shell of this environment, with no shell between


def _ledger(settings: Settings) -> list[str]:
    """The shell's arguments that attach the ledger that was written last."""
    ledgers = sorted(
        (settings.data_dir / "delivery").glob("*.duckdb"), key=lambda path: path.stat().st_mtime
    )
    if not ledgers:
        return []
    try:
        connect(ledgers[-1], settings, read_only=True).close()
    except StoreError as error:
        note(f"Without the ledger: {error}")
        return []
    if len(ledgers) > 1:
        note(f"delivery is {ledgers[-1].stem}, of {len(ledgers)} destinations the last one used.")
    path = str(ledgers[-1]).replace("'", "''")
    return ["-cmd", f"attach '{path}' as delivery (read_only)"]


if __name__ == "__main__":
    run(main)
