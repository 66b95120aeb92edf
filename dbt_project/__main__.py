"""`python -m dbt_project`: dbt build with this repository's settings, and a short account of it.

With arguments (`python -m dbt_project ls --select staging`) it is dbt itself, run with the same
settings.
"""

import gc
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from itertools import chain
from pathlib import Path

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.resources.types import NodeType
from dbt.artifacts.schemas.results import RunStatus, TestStatus
from dbt.artifacts.schemas.run import RunResult
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

from dbt_project import build
from dbt_project.rules import model_rules
from dbt_project.settings import TransformSettings
from pipeline.errors import PipelineError, StoreError
from pipeline.terminal import Advance, note, progress, run, summary
from pipeline.warehouse import connect

_PROJECT = Path(__file__).parent
# Unit tests check the SQL, not the data: `just check` runs them. What fails is told here, and dbt's
# own account is in its log file: on the terminal it would cost a tenth of dbt's time even unseen.
_BUILD = ["build", "--log-level", "none", "--exclude-resource-type", "unit_test"]
_BAD = {RunStatus.Error, TestStatus.Error, TestStatus.Fail}

_FACTS = """
select label, count
from (
    select 1 as position, 'exported lines' as label, coalesce(sum(lines), 0)::bigint as count
    from raw.exports
    union all
    select 2, 'bad lines', count(*) from raw.bad_lines where not repaired
    union all
    select 2, 'merged ids', count(*) from raw.merged_users having count(*) > 0
    union all
    select 3, 'events to send', count(*) from marts.posthog_events
    union all
    select 4, 'rejected: ' || reason, count(*) from marts.rejected_events group by reason
    union all
    select 5, 'cells repaired', count(*) from marts.repairs
    union all
    select 6, 'users', count(*) from marts.distinct_ids where kind = 'user'
    union all
    select 7, 'devices: ' || status, count(*)
    from marts.distinct_ids
    where kind = 'device'
    group by status
    union all
    select 8, 'aliases to send', count(*) from marts.posthog_aliases where event = '$create_alias'
    union all
    select 9, 'group changes to send', count(*) from marts.posthog_groups
    union all
    select 10, 'persons to send', count(*) from marts.posthog_persons
)
order by position, label
"""


class TransformError(PipelineError):
    """A model could not be built, or a test found rows that must not be loaded."""


def main() -> None:
    """Build everything, or hand the arguments to dbt."""
    settings = TransformSettings.read()
    if arguments := sys.argv[1:]:
        manifest = _parse(settings)
        with closing(_open(settings)) as connection:
            build.prepare(connection, model_rules(manifest, os.environ))
        outcome = dbt(settings, arguments, manifest)
        if outcome.exception and not outcome.result:
            raise TransformError(_first_line(outcome.exception))
        if arguments[:2] == ["docs", "generate"] and outcome.success:
            print(f"Written: {settings.data_dir / 'dbt' / 'target'}/static_index.html")
        sys.exit(0 if outcome.success else 1)
    transform(settings)


def transform(settings: TransformSettings) -> None:
    """Run every seed, model and test, then print what came of it.

    Raises:
        StoreError: there is no warehouse, or another process holds it.
        TransformError: something failed; the message says what and where its rows are.
    """
    started = time.monotonic()
    manifest = _parse(settings)
    with closing(_open(settings)) as connection:
        for change in build.begin(connection, model_rules(manifest, os.environ)):
            note(change)
    with progress("dbt build", None, "models and tests") as advance:
        outcome = dbt(settings, _BUILD, manifest, advance)
    if outcome.exception:
        raise TransformError(f"dbt stopped: {_first_line(outcome.exception)}")
    results: list[RunResult] = list(outcome.result)  # type: ignore[arg-type]
    failures = [result for result in results if result.status in _BAD]
    if failures:
        raise TransformError("\n".join(map(_explain, failures)))
    for result in results:
        if result.status == TestStatus.Warn:
            note(f"Warning: {_explain(result)}")
    with closing(connect(settings.warehouse, settings)) as connection:
        for change in chain(build.end(connection), build.compact(connection)):
            note(change)
        facts = dict(connection.sql(_FACTS).fetchall())
    seconds = {"seconds": time.monotonic() - started}
    summary("Transform", facts | _counts(results) | seconds)


def dbt(
    settings: TransformSettings,
    arguments: Iterable[str],
    manifest: Manifest | None = None,
    advance: Advance = lambda _: None,
) -> dbtRunnerResult:
    """Run dbt in this process, on this project and the warehouse of the settings."""
    os.environ |= settings.environment | {
        "DBT_PROJECT_DIR": str(_PROJECT),
        "DBT_PROFILES_DIR": str(_PROJECT.parent),
        "DBT_TARGET_PATH": str((settings.data_dir / "dbt" / "target").absolute()),
        "DBT_LOG_PATH": str((settings.data_dir / "dbt" / "logs").absolute()),
    }

    def count_nodes(event: EventMsg) -> None:
        if event.info.name == "NodeFinished":
            advance(1)

    try:
        outcome = dbtRunner(manifest=manifest, callbacks=[count_nodes]).invoke(list(arguments))
    finally:
        # The adapter would hold the warehouse until this process ends.
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    if isinstance(outcome.exception, KeyboardInterrupt):
        raise outcome.exception
    return outcome


def _parse(settings: TransformSettings) -> Manifest:
    """Read the project once: for its rules, and for the run that follows."""
    _open(settings).close()
    outcome = dbt(settings, ["parse", "--quiet", "--no-write-json"])
    if not isinstance(outcome.result, Manifest):
        raise TransformError(f"dbt cannot read the project: {_first_line(outcome.exception)}")
    # The manifest stays: Python's search for garbage would look through it again and again, which
    # takes a tenth of dbt's time.
    gc.freeze()
    return outcome.result


def _open(settings: TransformSettings) -> duckdb.DuckDBPyConnection:
    """Open the warehouse, if there is one that extract has filled."""
    if not settings.warehouse.exists():
        raise StoreError(f"{settings.warehouse} does not exist: run `just extract` first.")
    connection = connect(settings.warehouse, settings)
    try:
        connection.execute("from raw.exports limit 0")
    except duckdb.CatalogException:
        connection.close()
        raise StoreError(
            f"{settings.warehouse} holds no export: run `just extract` first."
        ) from None
    return connection


def _counts(results: Iterable[RunResult]) -> dict[str, object]:
    kinds = Counter(result.node.resource_type for result in results)
    warnings = sum(result.status == TestStatus.Warn for result in results)
    return {
        "models built": kinds[NodeType.Model],
        "tests passed": kinds[NodeType.Test] - warnings,
        "tests with warnings": warnings,
    }


def _explain(result: RunResult) -> str:
    """One line for what failed, with the query that shows the rows."""
    name = result.node.name
    if result.failures and result.node.resource_type == NodeType.Test:
        table = f"test_failures.{result.node.alias}"
        rows = f"{result.failures:,} row{'' if result.failures == 1 else 's'}"
        return f'{name}: {rows}. Look: just sql "from {table}"'
    return f"{result.node.resource_type} {name}: {_first_line(result.message)}"


def _first_line(message: object) -> str:
    lines = [line.strip() for line in str(message).splitlines() if line.strip()]
    return " ".join(lines[:2]) or "no message"


if __name__ == "__main__":
    run(main)
