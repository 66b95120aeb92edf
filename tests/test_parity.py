"""Amplitude's numbers and PostHog's are the same: unique users, and a funnel across a login.

One side is counted in the warehouse by Amplitude's own identity, in which the mapping to PostHog
has no part; the other in the sandbox's PostHog, by the persons that it made of what arrived.
"""

from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb

from tests.conftest import Demo

Rows = list[tuple[Any, ...]]

# What PostHog cannot have is left out: what was not sent, and what is explained row by row.
_AMPLITUDE = """
with events as (
    select
        sent."timestamp" as happened_at,
        sent.event,
        users.amplitude_person_id as person,
        users.own_user_id is not null as is_known,
    from marts.posthog_events as sent
    inner join intermediate.int_events_identified as users on sent.uuid = users.event_uuid
    anti join marts.identity_differences as differences on sent.uuid = differences.event_uuid
)
"""
_POSTHOG = """
with events as (
    select
        "timestamp" as happened_at,
        event,
        person_id as person,
        coalesce(
            properties ->> '$."$amplitude_user_id"'
            not in ('null', 'undefined', 'anonymous', '0'),
            false
        ) as is_known,
    from main.events
    where properties ->> '$.analytics_source' = 'amplitude'
)
"""
_UNIQUE = (
    "select happened_at::date, event, count(distinct person) from events group by all order by all"
)
_FUNNEL = """
select count(distinct anonymous.person)
from events as anonymous
inner join events as known
    on anonymous.person = known.person and anonymous.happened_at < known.happened_at
where not anonymous.is_known and known.is_known and known.event in ('order_paid', 'cart_viewed')
"""


def ask(demo: Demo, question: str) -> tuple[Rows, Rows]:
    """The answers of the warehouse and of PostHog."""
    warehouse = answer(demo.folder / "warehouse.duckdb", _AMPLITUDE + question)
    return warehouse, answer(demo.folder / "sandbox" / "posthog.duckdb", _POSTHOG + question)


def answer(path: Path, query: str) -> Rows:
    with closing(duckdb.connect(path, read_only=True)) as connection:
        return connection.sql(query).fetchall()


def test_each_day_and_event_has_the_same_unique_users(demo: Demo) -> None:
    amplitude, posthog = ask(demo, _UNIQUE)
    assert len(amplitude) > 100
    assert amplitude == posthog


def test_a_funnel_from_before_the_login_to_after_it_has_the_same_users(demo: Demo) -> None:
    amplitude, posthog = ask(demo, _FUNNEL)
    assert amplitude == posthog
    assert amplitude[0][0] > 10


def test_an_import_without_aliases_would_have_lost_the_funnel(demo: Demo) -> None:
    """The same count with every id a person of its own, to show that the proof can fail."""
    amplitude, _ = ask(demo, _FUNNEL)
    apart = _AMPLITUDE.replace("users.amplitude_person_id", "sent.distinct_id") + _FUNNEL
    assert answer(demo.folder / "warehouse.duckdb", apart)[0][0] < amplitude[0][0]
