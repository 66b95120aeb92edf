"""Who is who in a project: persons made of events in order of arrival, by PostHog's rules.

Pure: arrivals in, persons out. A link (`$create_alias`, or `$identify` with `$anon_distinct_id`)
names two ids, *other* and the event's own distinct_id, *into*:

- equal ids, or two ids of one person: nothing changes;
- neither is known: one person with both;
- one is known: the other id is added to that person, with no check;
- both are known: refused if *other*'s person is identified already, else merged into *into*'s,
  whose properties win;
- an id that stands for nobody (`null`, `guest`, ...) is never linked.

In all cases but the last, *into*'s person is identified from then on. A person dates from the first
event that arrives for it. Where PostHog spares itself the update of a person of whom only lifted
properties changed, this one does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, UUID, uuid5

from sandbox.batch import NEEDS_PERSON

Properties = Mapping[str, Any]


_LIFTED = (
    *("$app_build", "$app_name", "$app_namespace", "$app_version"),
    *("$browser", "$browser_version", "$device_type", "$current_url", "$pathname", "$os"),
    *("$os_version", "$referring_domain", "$referrer", "$screen_height", "$screen_width"),
    *("$viewport_height", "$viewport_width", "$raw_user_agent"),
    *("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_name", "utm_term"),
    *("gclid", "gad_source", "gclsrc", "dclid", "gbraid", "wbraid", "fbclid", "msclkid", "twclid"),
    *("li_fat_id", "mc_cid", "igshid", "ttclid", "rdt_cid", "irclid", "_kx", "epik", "qclid"),
    "sccid",
)
_INITIAL = {name: f"$initial_{name.removeprefix('$')}" for name in _LIFTED}
_OF_THE_HOST = frozenset({"$os", "$os_version"})

_NOBODY = frozenset(
    {
        *("0", "00000000-0000-0000-0000-000000000000", "[object object]", "anonymous"),
        *("anonymous-user", "backend", "distinct_id", "distinctid", "email", "false", "guest"),
        *("id", "nan", "none", "not_authenticated", "null", "system", "true", "undefined", "user"),
        "",
    }
)


class Arrival(NamedTuple):
    """An event as ingestion sees it; without `has_person` it asks for no person profile."""

    uuid: str
    event: str
    distinct_id: str
    at: datetime
    properties: Properties
    has_person: bool = True


@dataclass(frozen=True, slots=True)
class Person:
    """One person; values of it are replaced, never changed."""

    id: UUID
    created_at: datetime
    is_identified: bool
    properties: Properties


class Warned(NamedTuple):
    """What PostHog tells the project's owner, and not the sender."""

    event_uuid: str
    type: str
    other: str
    distinct_id: str


@dataclass
class Changes:
    """What has changed since the last look: ids of persons, `None` in place of those that went."""

    persons: dict[UUID, Person | None] = field(default_factory=dict)
    distinct_ids: dict[str, UUID] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)


class Persons:
    """All persons of a project."""

    def __init__(self) -> None:
        self._persons: dict[UUID, Person] = {}
        self._of: dict[str, UUID] = {}
        self._ids: dict[UUID, list[str]] = {}
        self._changes = Changes()

    def arrive(self, arrival: Arrival) -> Person | None:
        """Take an event in; returns its person as the event will show it.

        `None` means that PostHog drops the event.
        """
        if not arrival.has_person:
            return self._without_profile(arrival)
        other = _other(arrival)
        if other is not None and other != arrival.distinct_id:
            self._link(other, arrival)
        person = self._find(arrival.distinct_id) or self._create(arrival)
        return self._put(replace(person, properties=_updated(person.properties, arrival)))

    def changes(self) -> Changes:
        """Return what has changed since the last call."""
        changes, self._changes = self._changes, Changes()
        return changes

    def _without_profile(self, arrival: Arrival) -> Person | None:
        if arrival.event in NEEDS_PERSON:
            kind = "invalid_event_when_process_person_profile_is_false"
            self._warn(kind, arrival, arrival.distinct_id)
            return None
        known = self._find(arrival.distinct_id)
        return replace(known, properties={}) if known else _new(arrival)

    def _link(self, other: str, arrival: Arrival) -> None:
        into = arrival.distinct_id
        if _is_nobody(into) or _is_nobody(other):
            self._warn("cannot_merge_with_illegal_distinct_id", arrival, other)
            return
        person, others = self._find(into), self._find(other)
        if person is None:
            person = others or self._create(arrival)
            self._give(into, person.id)
        if others is None:
            self._give(other, person.id)
        elif others.id != person.id:
            person = self._merge(others, person, other, arrival)
        self._put(replace(person, is_identified=True))

    def _merge(self, others: Person, person: Person, other: str, arrival: Arrival) -> Person:
        if others.is_identified and arrival.event != "$merge_dangerously":
            self._warn("cannot_merge_already_identified", arrival, other)
            return person
        for distinct_id in self._ids.pop(others.id):
            self._give(distinct_id, person.id)
        del self._persons[others.id]
        self._changes.persons[others.id] = None
        created_at = min(person.created_at, others.created_at)
        properties = {**others.properties, **person.properties}
        return replace(person, created_at=created_at, properties=properties)

    def _find(self, distinct_id: str) -> Person | None:
        person_id = self._of.get(distinct_id)
        return None if person_id is None else self._persons[person_id]

    def _create(self, arrival: Arrival) -> Person:
        person = self._put(_new(arrival))
        self._give(arrival.distinct_id, person.id)
        return person

    def _put(self, person: Person) -> Person:
        self._persons[person.id] = self._changes.persons[person.id] = person
        return person

    def _give(self, distinct_id: str, person_id: UUID) -> None:
        if self._of.get(distinct_id) != person_id:
            self._of[distinct_id] = self._changes.distinct_ids[distinct_id] = person_id
            self._ids.setdefault(person_id, []).append(distinct_id)

    def _warn(self, kind: str, arrival: Arrival, other: str) -> None:
        self._changes.warnings.append(Warned(arrival.uuid, kind, other, arrival.distinct_id))


def _new(arrival: Arrival) -> Person:
    # Named after its first id, as in PostHog: so events without a profile count as one person, too.
    return Person(
        uuid5(NAMESPACE_URL, arrival.distinct_id), arrival.at, is_identified=False, properties={}
    )


def _other(arrival: Arrival) -> str | None:
    """Return the id that the event links to its own."""
    if arrival.event in {"$create_alias", "$merge_dangerously"}:
        other = arrival.properties.get("alias") or None
    elif arrival.event == "$identify":
        other = arrival.properties.get("$anon_distinct_id")
    else:
        return None
    return None if other is None else str(other)


def _is_nobody(distinct_id: str) -> bool:
    bare = distinct_id.strip().lower()
    for quote in "'\"":
        if bare.startswith(quote) and bare.endswith(quote):
            bare = bare[1:-1]
    return bare in _NOBODY


def _updated(properties: Properties, arrival: Arrival) -> Properties:
    told = arrival.properties
    lifted = {name: told[name] for name in _LIFTED if name in told}
    if told.get("$is_server") is True:
        lifted = {name: value for name, value in lifted.items() if name not in _OF_THE_HOST}
    once = {_INITIAL[name]: value for name, value in lifted.items()} | _object(told, "$set_once")
    unset = told.get("$unset")
    removed = unset if isinstance(unset, list | dict) else ()
    after = once | dict(properties) | lifted | _object(told, "$set")
    return {name: value for name, value in after.items() if name not in removed}


def _object(properties: Properties, name: str) -> dict[str, Any]:
    value = properties.get(name)
    return value if isinstance(value, dict) else {}
