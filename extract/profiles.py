"""User Profile API → `raw.user_profiles`: snapshots, appended, the whole answer kept.

Asked for every user id in `raw.events` whose newest event is younger than the newest profile.
Profiles are loaded in chunks, so a killed run goes on after the last one.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from extract.amplitude_api import AmplitudeApi
from extract.raw import RawTables
from extract.tables import USER_PROFILES
from pipeline.terminal import progress

_CHUNK_USERS = 500
_IN_FLIGHT = 4
_USERS = """
with profiles as (
    select user_id, max(fetched_at at time zone 'UTC') as fetched_at
    from raw.user_profiles
    group by user_id
)
select user_id
from raw.events
left join profiles using (user_id)
where trim(user_id) <> ''
group by user_id
having
    max(fetched_at) is null
    or max(try_cast(server_upload_time as timestamp)) > max(fetched_at)
order by user_id
"""


@dataclass
class Pace:
    """Spaces calls evenly so that no more than `per_minute` start in a minute."""

    per_minute: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    _next: float = 0.0

    def wait(self) -> None:
        """Return when the next call may start; to be called from one thread."""
        now = self.clock()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + 60 / self.per_minute


def fetch_profiles(raw: RawTables, api: AmplitudeApi, per_minute: int) -> tuple[int, int]:
    """Load the profiles that are missing or old; returns how many were found and not found."""
    users = _users(raw)
    found = missing = 0
    pace = Pace(per_minute)
    with progress("Profiles", len(users), "users") as advance:
        for chunk in _chunks(users):
            rows = list(_fetch(chunk, api, pace, advance))
            raw.insert_rows(USER_PROFILES, rows)
            found += sum(bool(row["found"]) for row in rows)
            missing += sum(not row["found"] for row in rows)
    return found, missing


def _users(raw: RawTables) -> list[str]:
    return [user_id for (user_id,) in raw.query(_USERS)]


def _chunks(users: list[str]) -> Iterator[list[str]]:
    rest = iter(users)
    while chunk := list(islice(rest, _CHUNK_USERS)):
        yield chunk


def _fetch(
    users: list[str], api: AmplitudeApi, pace: Pace, advance: Callable[[int], None]
) -> Iterator[dict[str, object]]:
    """Ask for some users, a few requests at a time, in step with the pace."""
    asked: deque[tuple[str, Future[str | None]]] = deque()
    with ThreadPoolExecutor(_IN_FLIGHT) as pool:
        for user_id in users:
            if len(asked) == _IN_FLIGHT:
                yield _row(*asked.popleft())
                advance(1)
            pace.wait()
            asked.append((user_id, pool.submit(api.fetch_profile, user_id)))
        for user_id, answer in asked:
            yield _row(user_id, answer)
            advance(1)


def _row(user_id: str, answer: Future[str | None]) -> dict[str, object]:
    user_data = answer.result()
    fetched_at = datetime.now(UTC)
    return {
        "snapshot": f"{user_id} {fetched_at.isoformat()}",
        "user_id": user_id,
        "device_id": None,
        "found": user_data is not None,
        "user_data": user_data,
        "fetched_at": fetched_at,
    }
