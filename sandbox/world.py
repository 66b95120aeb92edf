"""The same plan always gives the same world: scenes in order of time, each told from its number.

No clock is read. A scene holds a story's few people and lasts at most a day, so that a world of any
size is made in constant memory.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from random import Random

from sandbox import catalog
from sandbox.line import Form, encode, stamp
from sandbox.people import groups
from sandbox.story import Cast, Visit, story

HOUR = 3_600_000
"""All times are milliseconds since 1970 in UTC."""

_MAX_SCENE = 24 * HOUR
_MAX_VISIT = HOUR // 3
_FIRST_HOUR = datetime(2025, 3, 3, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """How big a world, from when, for how many hours of upload; `events` is what is aimed at."""

    events: int = 2_000
    seed: int = 7
    start: datetime = _FIRST_HOUR
    hours: int = 48
    app: int = 100042

    @cached_property
    def begins(self) -> int:
        """The first moment at which anything is uploaded."""
        return int(self.start.timestamp()) * 1000

    @cached_property
    def ends(self) -> int:
        """The moment before which everything is uploaded."""
        return self.begins + self.hours * HOUR

    @cached_property
    def silence(self) -> int:
        """The beginning of the hour in which nothing is uploaded; a world of two hours has none."""
        return self.begins + self.hours // 3 * HOUR if self.hours > 2 else self.ends  # noqa: PLR2004

    @cached_property
    def busy(self) -> int:
        """How long the world lasts when the silent hour is left out."""
        return self.ends - self.begins - (HOUR if self.silence < self.ends else 0)

    def moment(self, elapsed: int) -> int:
        """The time after so much busy time: later for later, and never in the silent hour."""
        moment = self.begins + elapsed
        return moment if moment < self.silence else moment + HOUR


@dataclass(slots=True)
class Row:
    """One event before it becomes a line: `cells` are the JSON texts that its form leaves open."""

    visit: Visit
    form: Form
    happened: int
    upload: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Scene:
    """One story with its rows in order of upload; no later scene uploads before `since`."""

    since: int
    visits: list[Visit]
    rows: list[Row]

    @property
    def persons(self) -> set[str]:
        """Everybody who takes part; rows that nobody can be found for have the empty name."""
        return {visit.who.person for visit in self.visits}


def scenes(plan: Plan) -> Iterator[Scene]:
    """Tell stories until there are as many events as planned."""
    longest = min(_MAX_SCENE, plan.busy)
    number = told = 0
    while told < plan.events:
        progress = told / plan.events
        rng = Random(f"{plan.seed}:{number}")
        length = int(longest * rng.uniform(0.3, 1))
        visits = story(number)(Cast(rng, number))
        rows = _Telling(plan, rng, int(progress * (plan.busy - length)), length).rows(visits)
        yield Scene(plan.moment(int(progress * (plan.busy - longest))), visits, rows)
        told += len(rows)
        number += 1


class _Telling:
    """Tells one story: places its visits one after another, and fills them with events."""

    def __init__(self, plan: Plan, rng: Random, begins: int, length: int) -> None:
        self._plan, self._rng = plan, rng
        self._begins, self._length = begins, length
        self._created: dict[int, str] = {}
        self._sessions: dict[str | None, str] = {}
        self._events: Counter[str | None] = Counter()

    def rows(self, visits: list[Visit]) -> list[Row]:
        slot = self._length // len(visits)
        rows: list[Row] = []
        for number, visit in enumerate(visits):
            begins = self._begins + int(slot * (number + self._rng.random() * 0.4))
            rows += self._visit(visit, begins, min(slot // 2, _MAX_VISIT))
        return rows

    def _visit(self, visit: Visit, begins: int, length: int) -> Iterator[Row]:
        first = self._plan.moment(begins)
        form = self._form(visit, first)
        common = {
            "user_properties": visit.who.traits.snapshot(visit.who.user_id),
            "session_id": self._session(visit, first),
            "data": _data(visit.who.company, visit.merged, first=True),
        }
        events = list(catalog.visit(self._rng, visit.device.platform))
        step = length // len(events)
        for number, event in enumerate(events):
            upload = self._plan.moment(begins + int(step * (number + self._rng.random() * 0.9)))
            cells = {"event_type": event.type, "event_properties": event.properties}
            yield self._row(visit, form, upload, common | cells)
            common["data"] = form.constants["data"]

    def _session(self, visit: Visit, first: int) -> str:
        if not catalog.has_sessions(visit.device.platform):
            return "-1"
        if not visit.resumes:
            self._sessions[visit.device.id] = str(_before(visit, first))
        return self._sessions[visit.device.id]

    def _row(self, visit: Visit, form: Form, upload: int, cells: dict[str, str]) -> Row:
        happened = _before(visit, upload)
        self._events[visit.device.id] += 1
        cells["event_id"] = str(self._events[visit.device.id])
        digits = f"{self._rng.getrandbits(256):064x}"
        cells["uuid"], cells["$insert_id"] = _uuid(digits[:32]), _uuid(digits[32:])
        cells["event_time"] = cells["client_event_time"] = stamp(happened)
        cells["client_upload_time"] = cells["server_received_time"] = stamp(upload - 4)
        cells["server_upload_time"] = stamp(upload)
        cells["processed_time"] = stamp(upload + 1_700)
        return Row(visit, form, happened, upload, cells)

    def _form(self, visit: Visit, first: int) -> Form:
        who = visit.who
        constants = {"$schema": "13", "data_type": '"event"', "plan": "{}"}
        constants |= visit.device.fields
        constants |= groups(who.company, (first - self._plan.begins) // HOUR)
        constants["data"] = _data(who.company, None, first=False)
        constants["app"] = str(self._plan.app)
        constants["amplitude_id"] = str(who.amplitude_id)
        constants["user_id"] = encode(who.user_id)
        constants["user_creation_time"] = self._created.setdefault(who.amplitude_id, stamp(first))
        return Form.of(constants, old=visit.device.old)


def _uuid(digits: str) -> str:
    return f'"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"'


def _before(visit: Visit, upload: int) -> int:
    """When that happened which is uploaded now: just before, or before the phone was offline."""
    return upload - 1_217 - visit.days_late * 24 * HOUR


@lru_cache(maxsize=256)
def _data(company: int | None, merged: int | None, *, first: bool) -> str:
    data: dict[str, object] = {"path": "/2/httpapi", "group_first_event": {}}
    data["group_ids"] = {} if company is None else {"3124": [company]}
    if first:
        data["user_properties_updated"] = True
    if merged is not None:
        data["merged_amplitude_id"] = merged
    return encode(data)
