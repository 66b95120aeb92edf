"""What this destination acknowledged, in a DuckDB file of its own; holding it open is the lock.

    delivered   a row per event that PostHog accepted
    refused     a row per event that it will not take, with its words
    runs        a row per run

Rows are written after the acknowledgement, batch by batch: a crash can only make events go again.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from load.batches import Message
from load.outcomes import Outcome, Refusal
from pipeline.settings import Settings
from pipeline.warehouse import connect

_TABLES = """
create table if not exists delivered (
    uuid uuid not null,
    key_hash ubigint not null,
    payload_hash ubigint not null,
    phase varchar not null,
    run integer not null,
    delivered_at timestamp not null
);

create table if not exists refused (
    uuid uuid not null,
    phase varchar not null,
    event varchar,
    distinct_id varchar,
    reason varchar not null,
    details varchar,
    run integer not null,
    refused_at timestamp not null
);

create table if not exists runs (
    run integer not null,
    started_at timestamp not null,
    finished_at timestamp,
    host varchar not null,
    sent bigint,
    accepted bigint,
    refused bigint,
    unacknowledged bigint,
    resent bigint
);
"""

# Whole columns travel as one text each: DuckDB binds a list a hundred times more slowly.
_DELIVERED = """
insert into delivered
select
    unnest(string_split($uuids, ' '))::uuid,
    unnest(string_split($key_hashes, ' '))::ubigint,
    unnest(string_split($payload_hashes, ' '))::ubigint,
    $phase,
    $run,
    $at
"""

_REFUSED = """
insert into refused by name
select unnest(
    from_json(
        $rows,
        '[{"uuid": "UUID", "event": "VARCHAR", "distinct_id": "VARCHAR", "reason": "VARCHAR",
           "details": "VARCHAR"}]'
    ),
    recursive := true
), $phase as phase, $run as run, $at as refused_at
"""

_FINISHED = """
update runs
set
    finished_at = $at,
    sent = $sent,
    accepted = $accepted,
    refused = $refused,
    unacknowledged = $unacknowledged,
    resent = $resent
where run = $run
"""


class Ledger:
    """The ledger at `path`; `now` tells the time in UTC.

    Raises:
        StoreError: another loader holds it, or it cannot be used.
    """

    def __init__(self, path: Path, settings: Settings, now: Callable[[], datetime]) -> None:
        self._connection = connect(path, settings)
        self._now = now
        self._connection.execute(_TABLES)
        self._run = 0

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Open a second connection to the same file, for reading beside the writes."""
        return self._connection.cursor()

    def begin(self, host: str) -> int:
        """Open a run, before the first `record`; returns its number."""
        self._run = self._connection.execute(
            "insert into runs (run, started_at, host)"
            " select coalesce(max(run), 0) + 1, $at, $host from runs returning run",
            {"at": self._utc(), "host": host},
        ).fetchall()[0][0]
        return self._run

    def record(self, phase: str, outcome: Outcome) -> None:
        """Write down what was acknowledged, and nothing else."""
        if outcome.accepted:
            self._insert(_DELIVERED, phase, _columns(outcome.accepted))
        if outcome.refused:
            rows = [_refused(refusal) for refusal in outcome.refused]
            self._insert(_REFUSED, phase, {"rows": json.dumps(rows)})

    def finish(self, counts: Mapping[str, int]) -> None:
        """Close the run with its counts: sent, accepted, refused, unacknowledged, resent."""
        self._connection.execute(_FINISHED, {"run": self._run, "at": self._utc(), **counts})

    def close(self) -> None:
        """Release the file, and with it the lock."""
        self._connection.close()

    def _insert(self, sql: str, phase: str, texts: Mapping[str, str]) -> None:
        common = {"phase": phase, "run": self._run, "at": self._utc()}
        self._connection.execute(sql, {**common, **texts})

    def _utc(self) -> datetime:
        return self._now().replace(tzinfo=None)


def _columns(messages: Sequence[Message]) -> dict[str, str]:
    return {
        "uuids": " ".join(message.uuid for message in messages),
        "key_hashes": " ".join(message.key_hash for message in messages),
        "payload_hashes": " ".join(message.payload_hash for message in messages),
    }


def _refused(refusal: Refusal) -> dict[str, Any]:
    event = json.loads(refusal.message.text)
    return {
        "uuid": refusal.message.uuid,
        "event": event["event"],
        "distinct_id": event["distinct_id"],
        "reason": refusal.reason,
        "details": refusal.details,
    }
