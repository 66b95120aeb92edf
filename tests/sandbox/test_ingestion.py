"""The local PostHog's tables say who did what, as HogQL would."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from sandbox.batch import Batch
from sandbox.store import Store
from tests.sandbox.test_posthog import event

TABLES = ("persons", "person_distinct_ids", "groups", "ingestion_warnings", "ingested")
PROFILELESS = {"process_person_profile": False}
ARRIVALS = [
    event(1, distinct_id="device", properties={"$set": {"visits": 1}, "$groups": {"team": "red"}}),
    event(2, distinct_id="device", properties={"$set": {"visits": 2}}),
    event(3, event="$create_alias", properties={"alias": "device"}),
    event(4, distinct_id="bob", properties={}),
    event(5, event="$create_alias", distinct_id="bob", properties={"alias": "ann"}),
    event(6, distinct_id="stranger", options=PROFILELESS, properties={"$set": {"a": 1}}),
    event(7, event="$identify", distinct_id="stranger", options=PROFILELESS),
    event(
        8,
        event="$groupidentify",
        distinct_id="teams",
        properties={"$group_type": "team", "$group_key": "red", "$group_set": {"size": 3}},
    ),
    event(2, distinct_id="device", properties={"$set": {"visits": 3}}),
]


def filled(path: Path, **options: bool) -> Store:
    store = Store(path, **options)
    for arrival in ARRIVALS:
        store.receive(Batch([arrival], historical_migration=True), [arrival])
    return store


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(filled(tmp_path_factory.mktemp("store") / "posthog.duckdb")) as store:
        yield store


def test_a_person_has_ids_properties_and_a_date(store: Store) -> None:
    found = store.query("""
        select list(distinct_id order by distinct_id), is_identified, created_at::date::varchar,
            properties
        from persons
        join person_distinct_ids using (person_id)
        group by person_id, is_identified, created_at, properties
        order by 1
    """)
    assert [(ids, known, at, json.loads(told)) for ids, known, at, told in found] == [
        (["ann", "device"], True, "2024-03-01", {"visits": 3}),
        (["bob"], True, "2024-03-01", {}),
        (["teams"], False, "2024-03-01", {}),
    ]


def test_an_event_belongs_to_its_person_of_today_and_shows_the_properties_of_its_arrival(
    store: Store,
) -> None:
    found = store.query("""
        select distinct_id, person_properties
        from events
        where person_id = (select person_id from person_distinct_ids where distinct_id = 'ann')
        order by seq
    """)
    assert found == [
        ("device", '{"visits":1}'),
        ("ann", '{"visits":2}'),
        ("device", '{"visits":3}'),
    ]


def test_an_event_without_a_profile_is_kept_and_makes_no_person(store: Store) -> None:
    found = store.query("""
        select event, person_properties, person_id in (select person_id from persons)
        from events
        where distinct_id = 'stranger'
    """)
    assert found == [("opened", "{}", False)]


def test_what_is_refused_is_told_to_the_owner_alone(store: Store) -> None:
    assert store.query("select type, other, distinct_id from ingestion_warnings order by 1") == [
        ("cannot_merge_already_identified", "ann", "bob"),
        ("invalid_event_when_process_person_profile_is_false", "stranger", "stranger"),
    ]


def test_a_group_has_its_properties(store: Store) -> None:
    found = store.query("select group_type, group_key, properties from groups")
    assert found == [("team", "red", '{"size":3}')]


def test_an_old_file_is_read_again_from_its_start(tmp_path: Path) -> None:
    path = tmp_path / "posthog.duckdb"
    filled(path).close()
    before = tables(path)
    with closing(Store(path)) as store:
        assert store.query("select count(*) from ingested") == [(len(ARRIVALS),)]
    assert tables(path) == before


def test_all_that_comes_between_two_questions_is_the_same_as_all_at_once(
    store: Store, tmp_path: Path
) -> None:
    with closing(Store(tmp_path / "posthog.duckdb")) as other:
        for arrival in ARRIVALS:
            other.receive(Batch([arrival], historical_migration=True), [arrival])
            other.query("select 1")
        for table in TABLES:
            question = f"from {table} order by all"
            assert other.query(question) == store.query(question)


def test_a_bench_may_do_without_persons(tmp_path: Path) -> None:
    with closing(filled(tmp_path / "posthog.duckdb", makes_persons=False)) as store:
        assert store.query("select count(*), count(person_id) from events") == [(8, 0)]


def tables(path: Path) -> list[Any]:
    with closing(duckdb.connect(path, read_only=True)) as found:
        return [found.execute(f"from {table} order by all").fetchall() for table in TABLES]
