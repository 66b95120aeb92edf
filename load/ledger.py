"""What this destination acknowledged, in a DuckDB file of its own; holding it open is the lock.

    destination  the one row that says whose ledger this is
    delivered    a row per event that was acknowledged, with what it was called then
    refused      a row per event that PostHog does not take, with its words
    changed      what was delivered and is another today, or gone: written at the start of each run
    files        a row per file that a run wrote (jsonl)
    runs         a row per run

Rows are written after the acknowledgement: a crash can only make events go again.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from load import books
from load.batches import Batch, Message
from load.errors import LedgerError
from load.outcomes import File, Outcome, Refusal
from load.record import MACROS, join_records
from pipeline.settings import Settings
from pipeline.warehouse import connect


class Ledger:
    """The ledger at `path`; `now` tells the time in UTC.

    Raises:
        StoreError: another loader holds it, or it cannot be used.
    """

    def __init__(self, path: Path, settings: Settings, now: Callable[[], datetime]) -> None:
        self._path = path
        self._connection = connect(path, settings)
        self._now = now
        self._connection.execute(MACROS)
        self._connection.execute(books.TABLES)
        self._run = 0

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """Open a second connection to the same file, for reading beside the writes."""
        return self._connection.cursor()

    def claim(self, destination_id: str) -> None:
        """Take a new ledger for a destination.

        Raises:
            LedgerError: it is another destination's: a file that was copied or renamed.
        """
        owners = self._connection.execute("from destination").fetchall()
        if not owners:
            self._connection.execute("insert into destination values ($id)", {"id": destination_id})
        elif owners != [(destination_id,)]:
            raise LedgerError(
                f"{self._path} is the ledger of {owners[0][0]}: give it back that name; what was "
                "sent there was not sent here."
            )

    def kinds(self) -> list[str]:
        """Return the kinds of the runs that brought something here."""
        rows = self._connection.execute(
            "select distinct kind from runs semi join delivered using (run)"
        ).fetchall()
        return [kind for (kind,) in rows]

    def files(self) -> list[dict[str, Any]]:
        """Return the files that runs wrote, in their order."""
        relation = self._connection.execute(
            "select name, phase, day::varchar as day, events, bytes, sha256 from files"
            " order by name"
        )
        names = [column[0] for column in relation.description]
        return [dict(zip(names, row, strict=True)) for row in relation.fetchall()]

    def begin(self, kind: str) -> int:
        """Open a run, before the first `record`; returns its number."""
        self._run = self._connection.execute(
            "insert into runs (run, kind, started_at)"
            " select coalesce(max(run), 0) + 1, $kind, $at from runs returning run",
            {"at": self._utc(), "kind": kind},
        ).fetchall()[0][0]
        return self._run

    def record(self, phase: str, done: Sequence[tuple[Batch, Outcome]]) -> None:
        """Write down what was acknowledged, and nothing else; all of it or nothing.

        An entry costs the same for one batch as for several.
        """
        accepted = [message for _, outcome in done for message in outcome.accepted]
        refused = [refusal for _, outcome in done for refusal in outcome.refused]
        with self._transaction():
            self._forget_refusals([*accepted, *(refusal.message for refusal in refused)])
            for sql, messages in _by_standing(accepted):
                lines = join_records([message.record for message in messages])
                self._insert(sql, phase, {"lines": lines})
            if refused:
                rows = json.dumps([_refused(refusal) for refusal in refused])
                self._insert(books.REFUSED, phase, {"rows": rows})
            for batch, outcome in done:
                if outcome.file:
                    self._write_file(batch, outcome.file)

    def finish(self, counts: Mapping[str, int]) -> None:
        """Close the run with its counts: accepted, refused, unacknowledged, resent."""
        self._connection.execute(books.FINISHED, {"run": self._run, "at": self._utc(), **counts})

    def close(self) -> None:
        """Release the file, and with it the lock."""
        self._connection.close()

    def _forget_refusals(self, settled: Iterable[Message]) -> None:
        uuids = [message.uuid for message in settled if message.standing == "refused"]
        if uuids:
            self._connection.execute(books.REFUSED_NO_MORE, {"uuids": json.dumps(uuids)})

    def _insert(self, sql: str, phase: str, texts: Mapping[str, str]) -> None:
        common = {"phase": phase, "run": self._run, "at": self._utc()}
        self._connection.execute(sql, {**common, **texts})

    def _write_file(self, batch: Batch, file: File) -> None:
        where = {"phase": batch.phase, "day": batch.messages[0].day, "run": self._run}
        self._connection.execute(books.WRITTEN, {**asdict(file), **where})

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.begin()
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def _utc(self) -> datetime:
        return self._now().replace(tzinfo=None)


def _by_standing(messages: list[Message]) -> Iterator[tuple[str, list[Message]]]:
    """Split what is delivered for the first time from what is delivered again."""
    again = [message for message in messages if message.standing == "changed"]
    new = messages
    if again:
        new = [message for message in messages if message.standing != "changed"]
    return (
        (sql, group)
        for sql, group in ((books.DELIVERED, new), (books.DELIVERED_AGAIN, again))
        if group
    )


def _refused(refusal: Refusal) -> dict[str, Any]:
    message = refusal.message
    return {
        "uuid": message.uuid,
        "event": message.event,
        "distinct_id": message.distinct_id,
        "day": message.day,
        "reason": refusal.reason,
        "details": refusal.details,
    }
