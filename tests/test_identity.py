"""One person in Amplitude is one person in PostHog, in whatever order things arrive there.

The demo's pipeline has sent a generated world to the sandbox's PostHog; the generator knows who did
what. Other orders, and other people's ways of doing it, are sent to a PostHog of their own.
"""

import csv
import gzip
import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any
from uuid import NAMESPACE_OID, uuid5

import duckdb
import pytest

from sandbox.batch import Batch, Event
from sandbox.http import serving
from sandbox.posthog import PostHog
from sandbox.store import Store
from tests.conftest import ROOT, Demo, succeed

PHASES = ("aliases", "groups", "events", "persons")
NOON = "2024-01-01T12:00:00Z"
TOKEN = "phc_identity"  # noqa: S105 - the sandbox's
# Some devices gain their owner after this moment, one a second user, and one two users at once.
CUTOVER = "2025-03-04 06:30:00"

Ask = Callable[[str], list[Any]]


@dataclass(frozen=True)
class Found:
    """Whose the events are in a PostHog, beside whose they truly are, by uuid."""

    persons: Mapping[str, str]
    truth: Mapping[str, str]
    warnings: Counter[str]

    @property
    def is_true(self) -> bool:
        """Whether each person has exactly their own events."""
        return groups_of(self.persons) == groups_of(self.truth)

    @cached_property
    def mixed_persons(self) -> set[str]:
        """Who is one person with somebody else."""
        return {name for names in self._names.values() if len(names) > 1 for name in names}

    @cached_property
    def misplaced(self) -> set[str]:
        """The events at a person most of whose events are somebody else's."""
        owners = {person: most(names) for person, names in self._names.items()}
        return {uuid for uuid, person in self.persons.items() if owners[person] != self.truth[uuid]}

    @cached_property
    def apart(self) -> set[str]:
        """The events of somebody who is several persons, but for the largest of these."""
        parts: dict[str, Counter[str]] = defaultdict(Counter)
        for uuid, person in self.persons.items():
            if uuid not in self.misplaced:
                parts[self.truth[uuid]][person] += 1
        largest = {name: most(persons) for name, persons in parts.items()}
        rest = self.persons.keys() - self.misplaced
        return {uuid for uuid in rest if largest[self.truth[uuid]] != self.persons[uuid]}

    @cached_property
    def _names(self) -> dict[str, Counter[str]]:
        names: dict[str, Counter[str]] = defaultdict(Counter)
        for uuid, person in self.persons.items():
            names[person][self.truth[uuid]] += 1
        return names


def most(counts: Counter[str]) -> str:
    """Which counts most; of equals always the same one."""
    return max(counts, key=lambda name: (counts[name], name))


def groups_of(persons: Mapping[str, str]) -> set[frozenset[str]]:
    """Which events belong together."""
    together = defaultdict(set)
    for uuid, person in persons.items():
        together[person].add(uuid)
    return set(map(frozenset, together.values()))


class World:
    """The demo's world: what its warehouse sends, and what is true about it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with gzip.open(folder / "sandbox" / "event_persons.csv.gz", "rt") as file:
            self._truth = {row["uuid"]: row["person"] for row in csv.DictReader(file)}
        lines = (folder / "sandbox" / "persons.ndjson").read_text().splitlines()
        self.people = {person["person"]: person for person in map(json.loads, lines)}

    def ask(self, sql: str) -> list[Any]:
        """Ask the warehouse."""
        with duckdb.connect(self.folder / "warehouse.duckdb", read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()

    def ask_posthog(self, sql: str) -> list[Any]:
        """Ask the PostHog that the demo has sent everything to."""
        with duckdb.connect(self.folder / "sandbox" / "posthog.duckdb", read_only=True) as posthog:
            return posthog.execute(sql).fetchall()

    def history(self) -> list[Event]:
        """Return the events of all phases, in the order in which load sends them."""
        return [event for phase in PHASES for event in self.mart(phase)]

    def mart(self, phase: str) -> list[Event]:
        """Return the events of one phase, oldest first."""
        rows = self.ask(f"""
            select uuid::varchar, event, distinct_id, "timestamp", properties
            from marts.posthog_{phase}
            order by "timestamp", uuid
        """)
        return [
            message(uuid, event, distinct_id, f"{at.isoformat()}Z", json.loads(properties))
            for uuid, event, distinct_id, at, properties in rows
        ]

    def found(self, ask: Ask) -> Found:
        """Look into a PostHog."""
        rows = ask("select uuid::varchar, person_id::varchar from events")
        persons = {uuid: person for uuid, person in rows if uuid in self._truth}
        truth = {uuid: self._truth[uuid] for uuid in persons}
        warnings = Counter(kind for (kind,) in ask("select type from ingestion_warnings"))
        return Found(persons, truth, warnings)


def message(
    uuid: str, event: str, distinct_id: str, at: str, properties: Mapping[str, object]
) -> Event:
    return {
        "uuid": uuid,
        "event": event,
        "distinct_id": distinct_id,
        "timestamp": at,
        "properties": dict(properties),
    }


def link(event: str, distinct_id: str, told: Mapping[str, object], at: str = NOON) -> Event:
    uuid = str(uuid5(NAMESPACE_OID, json.dumps([event, distinct_id, told])))
    return message(uuid, event, distinct_id, at, told)


def identify(device_id: str, user_id: str) -> Event:
    return link("$identify", user_id, {"$anon_distinct_id": device_id})


@pytest.fixture(scope="module")
def world(demo: Demo) -> World:
    return World(demo.folder)


Send = Callable[[Iterable[Event]], Found]


@pytest.fixture
def send(world: World, tmp_path: Path) -> Iterator[Send]:
    """Send to an empty PostHog, and look into it."""
    with closing(Store(tmp_path / "posthog.duckdb")) as store:

        def receive(events: Iterable[Event]) -> Found:
            batch = Batch(list(events), historical_migration=True)
            store.receive(batch, batch.events)
            return world.found(store.query)

        yield receive


def test_the_persons_in_posthog_are_the_true_ones(world: World) -> None:
    found = world.found(world.ask_posthog)
    assert len(found.persons) == world.ask("select count(*) from marts.posthog_events")[0][0] > 0
    assert found.is_true
    assert not found.warnings


def test_a_person_has_no_id_but_their_own(world: World) -> None:
    ids = world.ask_posthog(
        "select list(distinct_id) from person_distinct_ids"
        " where distinct_id <> 'amplitude_groups' group by person_id"
    )
    for (distinct_ids,) in ids:
        (name,) = world.people.keys() & set(distinct_ids)
        assert set(distinct_ids) <= {name, *world.people[name]["device_ids"]}


def test_a_shared_device_is_nobodys_id(world: World) -> None:
    shared = world.ask("select id from marts.distinct_ids where status = 'shared_device'")
    assert len(shared) > 1
    assert not {*shared} & {*world.ask_posthog("select distinct_id from person_distinct_ids")}


def test_a_person_begins_with_their_first_event(world: World) -> None:
    late = world.ask_posthog("""
        select person_id
        from persons
        join events using (person_id)
        where event <> '$set'
        group by person_id, persons.created_at
        having min(events."timestamp") <> persons.created_at
    """)
    assert not late


def test_events_may_arrive_before_their_aliases(world: World, send: Send) -> None:
    late_aliases = ("groups", "events", "persons", "aliases")
    found = send(event for phase in late_aliases for event in world.mart(phase))
    assert found.is_true
    assert not found.warnings


@pytest.mark.parametrize("seed", range(3))
def test_everything_may_arrive_in_any_order(world: World, send: Send, seed: int) -> None:
    events = world.history()
    Random(seed).shuffle(events)
    assert send(events).is_true


def test_everything_may_arrive_twice(world: World, send: Send) -> None:
    once, twice = send(world.history()), send(world.history())
    assert twice.is_true
    assert twice.persons == once.persons


def test_a_live_project_may_know_some_of_the_people_and_devices(world: World, send: Send) -> None:
    aliases = [
        (event["properties"]["alias"], event["distinct_id"])
        for event in world.mart("aliases")
        if event["event"] == "$create_alias"
    ]
    users = sorted({user for _, user in aliases})
    live = [
        *(identify(f"browser of {user}", user) for user in users[::2]),
        *(link("$pageview", device, {}) for device, _ in aliases[::3]),
        *(identify(device, user) for device, user in aliases[1::3]),
    ]
    assert send([*live, *world.history()]).is_true


@pytest.mark.parametrize("is_known", [False, True])
def test_a_device_that_the_live_project_gave_to_somebody_else_is_not_taken_from_them(
    world: World, send: Send, *, is_known: bool
) -> None:
    """Nor is its owner added to them: PostHog meets the owner first, and refuses the alias."""
    history = world.history()
    alias = next(event for event in history if event["event"] == "$create_alias")
    device, owner = alias["properties"]["alias"], alias["distinct_id"]
    live = [identify(device, "a newcomer")]
    if is_known:
        live.append(link("$set", owner, {"$set": {}}))
    found = send([*live, *history])
    on_device = {event["uuid"] for event in history if event["distinct_id"] == device}
    of_owner = {uuid for uuid, name in found.truth.items() if name == owner}
    newcomer = found.persons[min(on_device)]
    at_the_newcomers = {uuid for uuid, person in found.persons.items() if person == newcomer}
    assert on_device < of_owner
    assert at_the_newcomers == on_device
    assert found.warnings["cannot_merge_already_identified"] == 1


def test_an_owner_whom_posthog_has_not_met_would_be_added_to_somebody_else(
    world: World, send: Send
) -> None:
    """The same without the introduction: an add with no check, which nothing undoes."""
    history = world.history()
    alias = next(event for event in history if event["event"] == "$create_alias")
    device, owner = alias["properties"]["alias"], alias["distinct_id"]
    rest = [event for event in history if event["distinct_id"] != owner or event["event"] != "$set"]
    found = send([identify(device, "a newcomer"), *rest])
    of_owner = {uuid for uuid, name in found.truth.items() if name == owner}
    (newcomer,) = {found.persons[uuid] for uuid in of_owner}
    assert {uuid for uuid, person in found.persons.items() if person == newcomer} == of_owner
    assert not found.warnings


def by_scheme(world: World, joined: Callable[[str, str], Event]) -> Iterator[Event]:
    """Send each event under its user id, else its device id, with a link for each new pair."""
    linked = set()
    for uuid, user_id, device_id in world.ask("""
        select event_uuid::varchar, user_id, device_id
        from marts.events
        where rejection is null
        order by server_upload_at, event_at, event_uuid
    """):
        if user_id and device_id and (device_id, user_id) not in linked:
            linked.add((device_id, user_id))
            yield joined(device_id, user_id)
        yield message(uuid, "seen", user_id or device_id or "nobody", NOON, {})


def by_guide(device_id: str, user_id: str) -> Event:
    """What posthog-python sends for `alias(previous_id=device_id, distinct_id=user_id)`."""
    return link("$create_alias", device_id, {"distinct_id": device_id, "alias": user_id})


def test_posthogs_importer_makes_one_person_of_those_who_share_a_device(
    world: World, send: Send
) -> None:
    found = send(by_scheme(world, identify))
    assert found.mixed_persons
    assert found.misplaced
    assert row("PostHog's importer", found) in DOCUMENTED


def test_in_the_guides_direction_people_are_mixed_and_torn_apart(world: World, send: Send) -> None:
    found = send(by_scheme(world, by_guide))
    assert found.mixed_persons
    assert found.apart
    assert found.warnings["cannot_merge_already_identified"]
    assert row("PostHog's guide", found) in DOCUMENTED


def test_the_documents_say_what_this_project_does(world: World) -> None:
    assert row("this project", world.found(world.ask_posthog)) in DOCUMENTED


DOCUMENTED = (ROOT / "docs" / "identity.md").read_text()


def row(name: str, found: Found) -> str:
    refused = found.warnings["cannot_merge_already_identified"]
    counts = (*map(len, (found.mixed_persons, found.misplaced, found.apart)), refused)
    return f"| {name} | {' | '.join(map(str, counts))} |"


@dataclass(frozen=True)
class Moved:
    """A migration of the first days, and then one of all days, into the same PostHog."""

    first: Found
    second: Found
    sent_under: Mapping[str, set[str]]
    """By distinct_id: the events that the first one sent."""
    aliased: Mapping[str, str]
    """The devices of which the first one said whose they are, and whose."""
    status: Mapping[str, str]
    """By device: what all days say of it."""
    received: list[tuple[str, int]]
    """Each distinct_id with its number of arrivals, in the end."""
    gone: set[str]
    """The persons of the aliases that the ledger lists: today's rules would not send them."""

    def anonymous_devices_that_became(self, status: str) -> set[str]:
        """Those that the first migration knew no owner of."""
        known = self.sent_under.keys() & self.status.keys() - self.aliased.keys()
        return {device for device in known if self.status[device] == status}


@pytest.fixture(scope="module")
def moved(world: World, tmp_path_factory: pytest.TempPathFactory) -> Moved:
    folder = tmp_path_factory.mktemp("moved")
    build_before(CUTOVER, world, folder)
    with (
        closing(PostHog(folder / "posthog.duckdb", TOKEN)) as posthog,
        serving(posthog.respond) as url,
    ):
        settings = {"POSTHOG_HOST": url, "POSTHOG_PROJECT_TOKEN": TOKEN, "LOAD_RATE": "50000"}
        succeed("load", folder, **settings)
        first = world.found(posthog.query)
        sent_under = defaultdict(set)
        for uuid, distinct_id in posthog.query("select uuid::varchar, distinct_id from received"):
            sent_under[distinct_id].add(uuid)
        aliased = posthog.query(
            "select properties ->> 'alias', distinct_id from received where event like '%alias'"
        )
        shutil.copy(world.folder / "warehouse.duckdb", folder)
        # Of so few events more than one in a hundred has another person now: load would ask first.
        succeed("load", folder, **settings, LOAD_FORCE="true")
        return Moved(
            first,
            world.found(posthog.query),
            sent_under,
            dict(aliased),
            dict(world.ask("select id, status from marts.distinct_ids where kind = 'device'")),
            posthog.query("select distinct_id, count(*) from received group by all"),
            gone_aliases(folder),
        )


def gone_aliases(folder: Path) -> set[str]:
    (ledger,) = (folder / "delivery").glob("*.duckdb")
    with duckdb.connect(ledger, read_only=True) as delivery:
        owners = delivery.sql(
            "select distinct_id_then from changed"
            " where change = 'gone' and event_then = '$create_alias'"
        )
        return {owner for (owner,) in owners.fetchall()}


def build_before(moment: str, world: World, folder: Path) -> None:
    """Build the marts of what had been uploaded before a moment."""
    with duckdb.connect(folder / "warehouse.duckdb") as warehouse:
        warehouse.execute(f"attach '{world.folder / 'warehouse.duckdb'}' as whole (read_only)")
        warehouse.execute("create schema raw")
        for (table,) in warehouse.execute(
            "select table_name from duckdb_tables()"
            " where database_name = 'whole' and schema_name = 'raw'"
        ).fetchall():
            warehouse.execute(f"create table raw.{table} as from whole.raw.{table}")
        warehouse.execute("delete from raw.events where server_upload_time >= $1", [moment])
        warehouse.execute("create schema marts")
        warehouse.execute("create table marts.last_build as select true as succeeded")
    # The tests of a whole build would miss the lines that have not come yet.
    skipped = ("--exclude-resource-type", "test", "unit_test")
    succeed("dbt_project", folder, "build", "--quiet", *skipped)


def test_a_second_migration_merges_nobody_with_anybody(moved: Moved) -> None:
    for found in (moved.first, moved.second):
        assert not found.mixed_persons
        assert not found.misplaced
        assert not found.warnings


def test_an_anonymous_device_that_gains_an_owner_becomes_the_owners(moved: Moved) -> None:
    devices = moved.anonymous_devices_that_became("alias")
    events = set().union(*(moved.sent_under[device] for device in devices))
    assert events & moved.first.apart
    assert not events & moved.second.apart


def test_an_aliased_device_that_gains_a_second_user_gets_no_further_event(moved: Moved) -> None:
    devices = {device for device in moved.aliased if moved.status[device] == "shared_device"}
    assert devices
    received = dict(moved.received)
    for device in devices:
        assert received[device] == len(moved.sent_under[device])


def test_aliases_that_todays_rules_would_not_send_are_listed(moved: Moved) -> None:
    """By their person, whose device has gained a second user since."""
    assert moved.gone
    assert moved.gone == {
        owner for device, owner in moved.aliased.items() if moved.status[device] != "alias"
    }


def test_an_anonymous_device_that_gains_two_users_at_once_stays_a_person_of_its_own(
    moved: Moved,
) -> None:
    """A shared device is never an alias, even if all that was sent under it is one person's."""
    devices = moved.anonymous_devices_that_became("shared_device")
    assert devices
    sent = set().union(*(moved.sent_under[device] for device in devices))
    assert moved.second.apart == sent & moved.second.persons.keys()
