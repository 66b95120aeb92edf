"""A look at everything before the first event: what goes, what stands how, what was in flight."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb

from load.changes import Changes, list_changed
from load.marts import attach, show
from load.sample import draw
from load.settings import LoadSettings
from load.standing import Counts, Window, judge

_IN_FLIGHT = """
select uuid::varchar
from standings
where is_going and uuid in (select unnest(from_json($uuids, '["UUID"]')))
"""


@dataclass(frozen=True)
class Survey:
    """What a run knows when it begins; `again` was in flight when a run was killed."""

    counts: Counts
    delivered: int
    changes: Changes
    again: list[str]


def survey(
    cursor: duckdb.DuckDBPyConnection,
    settings: LoadSettings,
    kind: str,
    in_flight: Sequence[str],
    now: datetime,
) -> Survey:
    """Attach the warehouse and write the temp table `standings`.

    Raises:
        StoreError: the warehouse is missing or held by another process.
        OutboxError: it has no marts that can be sent.
    """
    attach(cursor, settings.warehouse)
    if kind == "rehearse":
        draw(cursor, settings.load_sample_persons)
    show(cursor, only="sample" if kind == "rehearse" else "")
    youngest = now - timedelta(hours=settings.load_min_age_hours)
    window = Window(youngest, settings.load_from, settings.load_to)
    counts = judge(cursor, window, _going(settings, kind))
    return Survey(
        counts,
        delivered=_count(cursor, "select count(*) from delivered"),
        changes=list_changed(cursor, counts),
        again=_going_again(cursor, in_flight),
    )


def _going_again(cursor: duckdb.DuckDBPyConnection, in_flight: Sequence[str]) -> list[str]:
    rows = cursor.execute(_IN_FLIGHT, {"uuids": json.dumps(in_flight)}).fetchall()
    return [uuid for (uuid,) in rows]


def _going(settings: LoadSettings, kind: str) -> list[str]:
    if kind == "replay":
        return ["refused"]
    return ["pending", "changed"] if settings.load_resend_changed else ["pending"]


def _count(cursor: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(cursor.execute(sql).fetchall()[0][0])
