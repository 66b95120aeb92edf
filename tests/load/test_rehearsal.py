"""A rehearsal is a sample of whole persons, with all that is theirs and nothing of others."""

from tests.load.conftest import Stage, row

PEOPLE = [f"person {number}" for number in range(6)]


def fill(stage: Stage) -> None:
    """Six persons with a phone each, three events on either, and a group of their own."""
    aliases, groups, events, persons = [], [], [], []
    for number, person in enumerate(PEOPLE):
        phone, first = f"phone {number}", 100 * number
        team = {"$groups": {"team": f"team {number}"}}
        aliases.append(row(first, event="$create_alias", distinct_id=person))
        groups.append(
            row(
                first + 1,
                event="$groupidentify",
                distinct_id="amplitude_groups",
                properties={"$group_type": "team", "$group_key": f"team {number}"},
            )
        )
        events += [row(first + n, distinct_id=phone, properties=team) for n in (10, 11, 12)]
        events += [row(first + n, distinct_id=person) for n in (13, 14, 15)]
        persons.append(row(first + 2, event="$set", distinct_id=person))
    stage.fill(aliases=aliases, groups=groups, events=events, persons=persons)
    phones = {f"phone {number}": person for number, person in enumerate(PEOPLE)}
    stage.identify(**phones, **dict(zip(PEOPLE, PEOPLE, strict=True)))


def arrived(stage: Stage) -> dict[str, set[str]]:
    """What arrived: the uuids of each person."""
    people: dict[str, set[str]] = {}
    for uuid, distinct_id, team in stage.posthog.query(
        "select uuid::varchar, distinct_id, properties ->> '$.\"$group_key\"' from received"
    ):
        person = (team or distinct_id).replace("phone", "person").replace("team", "person")
        people.setdefault(person, set()).add(uuid)
    return people


def test_a_rehearsal_sends_whole_persons_with_aliases_groups_and_all(stage: Stage) -> None:
    fill(stage)
    assert stage.run("rehearse", LOAD_SAMPLE_PERSONS="2").returncode == 0
    assert [len(uuids) for uuids in arrived(stage).values()] == [9, 9]


def test_a_larger_rehearsal_holds_the_smaller_one_and_sends_nothing_twice(stage: Stage) -> None:
    fill(stage)
    stage.run("rehearse", LOAD_SAMPLE_PERSONS="2")
    before = arrived(stage)
    assert stage.run("rehearse", LOAD_SAMPLE_PERSONS="4").returncode == 0
    after = arrived(stage)
    assert len(after) == 4
    assert before.items() <= after.items()
    assert stage.received() == 36
