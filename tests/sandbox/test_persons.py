"""Persons and groups come out of arrivals as PostHog's ingestion makes them."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.groups import Group, Groups
from sandbox.persons import Arrival, Person, Persons

Link = Callable[[str, str], Arrival]
FIRST = datetime(2024, 3, 1)  # noqa: DTZ001 - PostHog's times are naive UTC here


class Project:
    """Takes arrivals, one a day unless said otherwise, and knows who is who after each."""

    def __init__(self, *arrivals: Arrival) -> None:
        self._persons = Persons()
        self._ids: dict[str, UUID] = {}
        self.persons: dict[UUID, Person] = {}
        self.warnings: list[str] = []
        for arrival in arrivals:
            self.arrive(arrival)

    def arrive(self, arrival: Arrival) -> Person | None:
        """Take one in."""
        person = self._persons.arrive(arrival)
        changes = self._persons.changes()
        self._ids |= changes.distinct_ids
        self.warnings += [warned.type for warned in changes.warnings]
        for person_id, changed in changes.persons.items():
            self.persons.pop(person_id, None)
            if changed:
                self.persons[person_id] = changed
        return person

    def of(self, distinct_id: str) -> Person:
        """Return whose id this is."""
        return self.persons[self._ids[distinct_id]]

    def sets(self) -> set[str]:
        """Return the ids of each person, in one word each."""
        ids = defaultdict(set)
        for distinct_id, person_id in self._ids.items():
            ids[person_id].add(distinct_id)
        return {" ".join(sorted(names)) for names in ids.values()}


def event(
    distinct_id: str, told: Mapping[str, object] | None = None, *, name: str = "seen", day: int = 0
) -> Arrival:
    at = FIRST + timedelta(days=day)
    return Arrival(str(UUID(int=day)), name, distinct_id, at, dict(told or {}))


def alias(other: str, into: str) -> Arrival:
    return event(into, {"alias": other}, name="$create_alias")


def identify(other: str, into: str) -> Arrival:
    return event(into, {"$anon_distinct_id": other}, name="$identify")


def personless(arrival: Arrival) -> Arrival:
    return arrival._replace(has_person=False)


@pytest.mark.parametrize("link", [alias, identify])
@pytest.mark.parametrize(
    ("before", "persons"),
    [
        ([], {"ann d"}),
        (["ann"], {"ann d"}),
        (["d"], {"ann d"}),
        (["ann", "d"], {"ann d"}),
    ],
    ids=["neither is known", "the user is known", "the device is known", "both are known"],
)
def test_a_link_makes_one_person_of_two_ids(
    link: Link, before: list[str], persons: set[str]
) -> None:
    project = Project(*map(event, before), link("d", "ann"))
    assert project.sets() == persons
    assert project.of("ann").is_identified
    assert len(project.persons) == 1
    assert not project.warnings


def test_a_device_linked_to_two_users_makes_one_person_of_both() -> None:
    """The trap: the second user is not known yet, so the id is added without a check."""
    assert Project(alias("d", "ann"), alias("d", "bob")).sets() == {"ann bob d"}


def test_a_device_that_has_an_owner_is_refused_to_a_user_who_is_known() -> None:
    project = Project(event("bob"), alias("d", "ann"), alias("d", "bob"))
    assert project.sets() == {"ann d", "bob"}
    assert project.warnings == ["cannot_merge_already_identified"]
    assert project.of("bob").is_identified


def test_in_the_guides_direction_a_users_second_device_is_refused() -> None:
    project = Project(event("c"), event("d"), event("ann"), alias("ann", "c"), alias("ann", "d"))
    assert project.sets() == {"ann c", "d"}
    assert project.warnings == ["cannot_merge_already_identified"]


def test_only_a_dangerous_merge_joins_two_identified_people() -> None:
    known = [alias("c", "ann"), alias("d", "bob")]
    assert Project(*known, alias("ann", "bob")).sets() == {"ann c", "bob d"}
    dangerous = event("bob", {"alias": "ann"}, name="$merge_dangerously")
    assert Project(*known, dangerous).sets() == {"ann bob c d"}


@pytest.mark.parametrize("link", [alias, identify])
def test_an_id_linked_to_itself_stays_as_it_was(link: Link) -> None:
    project = Project(link("ann", "ann"))
    assert project.sets() == {"ann"}
    assert not project.of("ann").is_identified


@pytest.mark.parametrize("nobody", ["null", " NULL ", '"undefined"', "'0'", "Guest", " ", "none"])
def test_an_id_that_stands_for_nobody_is_never_linked(nobody: str) -> None:
    for link in (alias(nobody, "ann"), alias("ann", nobody)):
        project = Project(event("ann"), link)
        assert "ann" in project.sets()
        assert project.warnings == ["cannot_merge_with_illegal_distinct_id"]


def test_events_that_name_no_other_id_link_nothing() -> None:
    harmless = [
        event("ann", name="$identify"),
        event("bob", name="$create_alias"),
        event("eve", {"alias": "x"}),
    ]
    assert Project(*harmless).sets() == {"ann", "bob", "eve"}


def test_of_two_that_merge_the_one_merged_into_keeps_its_properties_and_the_earlier_date() -> None:
    project = Project(
        event("d", {"$set": {"plan": "free", "cart": 3}}, day=1),
        event("ann", {"$set": {"plan": "pro"}}, day=2),
        alias("d", "ann"),
        event("ann", {"$set": {"met": True}}),
    )
    ann = project.of("d")
    assert ann.properties == {"plan": "pro", "cart": 3, "met": True}
    assert ann.created_at == FIRST + timedelta(days=1)


def test_a_person_dates_from_the_first_event_to_arrive_and_not_from_the_earliest() -> None:
    project = Project(event("ann", day=9), event("ann", day=1))
    assert project.of("ann").created_at == FIRST + timedelta(days=9)


def test_properties_are_set_in_order_of_arrival_whatever_the_times_say() -> None:
    project = Project(
        event("ann", {"$set": {"plan": "new"}, "$set_once": {"first": "kept"}}, day=9),
        event(
            "ann", {"$set": {"plan": "old"}, "$set_once": {"first": "late", "plan": "no"}}, day=1
        ),
        event("ann", {"$unset": ["gone", "first"]}, day=5),
    )
    assert project.of("ann").properties == {"plan": "old"}


def test_an_event_shows_its_person_as_of_its_arrival() -> None:
    project = Project()
    shown = [project.arrive(event("ann", {"$set": {"visits": visits}})) for visits in (1, 2)]
    assert [person.properties for person in shown if person] == [{"visits": 1}, {"visits": 2}]


def test_what_events_say_of_browser_and_campaign_becomes_the_persons() -> None:
    first = {"$os": "Mac", "$browser": "Firefox", "utm_source": "mail", "color": "red"}
    told = Project(event("ann", first), event("ann", {"$browser": "Safari"})).of("ann").properties
    assert told == {
        "$os": "Mac",
        "$browser": "Safari",
        "utm_source": "mail",
        "$initial_os": "Mac",
        "$initial_browser": "Firefox",
        "$initial_utm_source": "mail",
    }


def test_what_is_set_beats_what_is_lifted() -> None:
    project = Project(event("ann", {"$os": "Mac", "$set": {"$os": "Plan 9"}}))
    assert project.of("ann").properties == {"$os": "Plan 9", "$initial_os": "Mac"}


def test_a_servers_own_system_is_nobodys_property() -> None:
    told = {"$os": "Linux", "$os_version": "6", "$app_version": "3", "$is_server": True}
    expected = {"$app_version": "3", "$initial_app_version": "3"}
    assert Project(event("ann", told)).of("ann").properties == expected


def test_without_a_profile_there_is_no_person_and_a_known_one_learns_nothing() -> None:
    anonymous = personless(event("d", {"$set": {"plan": "x"}}))
    assert Project(anonymous).persons == {}
    project = Project(event("d", {"$set": {"plan": "free"}}))
    shown = project.arrive(anonymous)
    assert shown
    assert (shown.id, shown.properties) == (project.of("d").id, {})
    assert project.of("d").properties == {"plan": "free"}


def test_an_event_without_a_profile_names_the_person_that_its_id_would_have() -> None:
    project = Project()
    before, after = project.arrive(personless(event("d"))), project.arrive(event("d"))
    assert before
    assert after
    assert before.id == after.id


@pytest.mark.parametrize("name", ["$identify", "$create_alias", "$groupidentify"])
def test_what_needs_a_person_is_dropped_without_one(name: str) -> None:
    project = Project()
    assert project.arrive(personless(event("ann", {"alias": "d"}, name=name))) is None
    assert project.warnings == ["invalid_event_when_process_person_profile_is_false"]


IDS = st.sampled_from("abcdef")
ARRIVALS = st.lists(st.one_of(st.builds(event, IDS), st.builds(alias, IDS, IDS)), max_size=30)


@given(ARRIVALS)
def test_every_id_has_one_living_person_whatever_arrives(arrivals: list[Arrival]) -> None:
    project = Project(*arrivals)
    seen = {arrival.distinct_id for arrival in arrivals}
    assert {project.of(distinct_id).id for distinct_id in seen} <= project.persons.keys()
    assert len(project.sets()) == len(project.persons)


@given(ARRIVALS)
def test_what_arrives_twice_in_a_row_changes_nothing_the_second_time(
    arrivals: list[Arrival],
) -> None:
    once = Project(*arrivals)
    twice = Project(*(arrival for arrival in arrivals for _ in range(2)))
    assert (twice.sets(), twice.persons) == (once.sets(), once.persons)


def test_a_group_has_the_newest_properties_to_arrive() -> None:
    (group,) = groups(
        group_event("company", "acme", seats=5), group_event("company", "acme", vip=1)
    )
    assert (group.type, group.key, group.properties) == ("company", "acme", {"seats": 5, "vip": 1})


def test_a_sixth_group_type_is_ignored() -> None:
    first = event("ann", {"$groups": {"a": "1", "b": "1", "c": "1", "d": "1"}})
    identified = [group_event(name, "1") for name in "efa"]
    assert [group.type for group in groups(first, *identified)] == ["e", "a"]


def group_event(group_type: str, key: str, **properties: object) -> Arrival:
    told = {"$group_type": group_type, "$group_key": key, "$group_set": properties}
    return event("groups", told, name="$groupidentify")


def groups(*arrivals: Arrival) -> list[Group]:
    known = Groups()
    for arrival in arrivals:
        known.arrive(arrival)
    return known.changes()
