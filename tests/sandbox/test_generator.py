import csv
import gzip
import json
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from sandbox.export import write_exports
from sandbox.line import KEYS, OLD_KEYS
from sandbox.oddity import ODDITIES
from sandbox.truth import Truth, load_truth
from sandbox.world import Plan

Row = dict[str, Any]

PLACEHOLDERS = {"null", "anonymous", "0", "undefined", ""}


@dataclass(frozen=True)
class World:
    """A generated world, read back from its files."""

    folder: Path
    truth: Truth
    members: dict[str, list[bytes]]
    rows: list[Row]

    def events(self) -> list[Row]:
        """One row per uuid, the latest, in the order in which they reached Amplitude."""
        latest = {row["uuid"]: row for row in sorted(self.rows, key=uploaded)}
        return sorted(latest.values(), key=uploaded)


def uploaded(row: Row) -> str:
    return str(row["server_upload_time"])


def generate(plan: Plan, folder: Path) -> World:
    truth = write_exports(plan, folder)
    members = dict(read(folder))
    lines = [line for member in members.values() for line in member]
    return World(folder, truth, members, [row for line in lines if (row := parse(line))])


def read(folder: Path) -> Iterator[tuple[str, list[bytes]]]:
    for path in sorted((folder / "exports").iterdir()):
        with ZipFile(path) as archive:
            for name in archive.namelist():
                text = zlib.decompress(archive.read(name), 16 + zlib.MAX_WBITS)
                yield f"{path.stem}/{name}", text.split(b"\n")


def parse(line: bytes) -> Row | None:
    """Read a line as an event; None for what is not one JSON object."""
    try:
        row = json.loads(line.decode())
    except ValueError:
        return None
    return row if isinstance(row, dict) else None


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return generate(Plan(), tmp_path_factory.mktemp("world"))


def hashes(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_exports(Plan(events=300), tmp_path / name)

    assert hashes(tmp_path / "first") == hashes(tmp_path / "second")


def test_another_seed_gives_another_world(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_exports(Plan(events=300, seed=seed), tmp_path / str(seed))

    assert hashes(tmp_path / "1") != hashes(tmp_path / "2")


def test_a_second_world_in_the_same_folder_replaces_the_first(tmp_path: Path) -> None:
    write_exports(Plan(events=300, seed=1), tmp_path / "reused")
    for name in ("reused", "fresh"):
        write_exports(Plan(events=100, hours=6), tmp_path / name)

    assert hashes(tmp_path / "reused") == hashes(tmp_path / "fresh")


@pytest.mark.parametrize("plan", [Plan(events=100), Plan(events=3_000), Plan(events=200, hours=1)])
def test_the_truth_equals_a_count_of_the_files(plan: Plan, tmp_path: Path) -> None:
    world = generate(plan, tmp_path)
    lines = [line for member in world.members.values() for line in member if line.strip()]
    uuids = {row["uuid"] for row in world.rows}

    assert world.truth == load_truth(tmp_path)
    assert world.truth.lines == len(lines)
    assert abs(world.truth.lines - plan.events) < 50 + plan.events * 0.05
    assert world.truth.bad_lines == len(lines) - len(world.rows)
    assert world.truth.repairable_lines == sum(rb"\ud83e" in line for line in lines)
    assert world.truth.duplicate_lines == len(world.rows) - len(uuids)
    assert world.truth.distinct_uuids == len(uuids)
    assert world.truth.events_by_type == Counter(row["event_type"] for row in world.events())


def test_every_hour_holds_what_was_uploaded_in_it_and_one_hour_is_silent(world: World) -> None:
    for name, lines in world.members.items():
        hour, app, file = name.split("/")
        day, number = hour.split("T")
        assert re.fullmatch(rf"{app}_{day}_{int(number)}#\d+\.json\.gz", file)
        rows = [row for line in lines if (row := parse(line))]
        assert {uploaded(row)[:13] for row in rows} <= {hour.replace("T", " ")}

    hours = {name.partition("/")[0] for name in world.members}
    assert "2025-03-03T16" not in hours
    assert min(hours) >= "2025-03-03T00"
    assert max(hours) <= "2025-03-04T23"


def test_a_row_has_55_keys_or_49_in_an_order_of_its_own_and_rarely_a_new_one(world: World) -> None:
    shapes = Counter(tuple(row) for row in world.rows)
    orders = [shape for shape in shapes if len(shape) == 49]

    assert {len(shape) for shape in shapes} == {49, 55, 56}
    assert {shape for shape in shapes if len(shape) == 55} == {KEYS}
    assert {shape for shape in shapes if len(shape) == 56} == {(*KEYS, "ad_account")}
    assert all(set(shape) == set(OLD_KEYS) for shape in orders)
    assert len(orders) > 5


IN_THE_TEXT = {
    "keys that differ by case": rb'"color":"red","Color":"blue","COLOR":3',
    "a key with dots": rb'"price\.net":',
    "a key with blanks": rb'"delivery window":.*" padded ":',
    "a key with quotes": rb'"size 12\\" deep":',
    "a key with a question mark": rb'"gift\?":',
    "a key with brackets": rb'"items\[0\]":',
    "a key with a dollar": rb'"\$coupon":',
    "a key that PostHog acts on": rb'"\$set":\{',
    "an empty key": rb'"":"nothing"',
    "an integer here": rb'"discount":5,',
    "text there": rb'"discount":"5%"',
    "arrays of objects": rb'"parts":\[\{',
    "40 levels": rb'"deep":(\{"down":){39}',
    "names of columns": rb'"event_properties":\{"user_id":"other","id":1,"timestamp"',
    "NUL": rb"before\\u0000after",
    "an integer past 53 bits": rb":9007199254740993,",
    "an integer past 64 bits": rb":123456789012345678901234567890",
    "NaN": rb":NaN,",
    "duplicate keys": rb'"step":1,"step":2',
    "decimals": rb":1\.10,",
    "a string of 1,024 characters": rb'"(long ){204}long"',
    "emoji and escapes": rb"\\ud83d\\ude00",
    "a whole second": rb'"event_time":"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"',
    "ISO time": rb'"event_time":"\d{4}-\d\d-\d\dT.*Z"',
    "a malformed time": rb'"event_time":"2025-13-45 99:00:00"',
    "no time": rb'"event_time":null',
    "a shared insert id": rb'"\$insert_id":"checkout"',
    "no insert id": rb'"\$insert_id":null',
    "an escaped slash": rb"https:\\/\\/shop",
    "a cut line": rb'^\{"\$insert_id".*[^}]$',
    "invalid UTF-8": rb"\xff\xfe",
    "a control character": rb"\x01",
    "an array": rb"^\[.*\]$",
    "a scalar": rb"^null$",
    "a lone surrogate": rb'\\ud83e"',
    "a blank line": rb"^$",
    "a decades-old event": rb'"event_time":"1995-',
    "a future event": rb'"event_time":"2025-04-',
    "a corrected duplicate": rb'"corrected":',
    "user properties named like columns": rb'"user_properties":\{[^}]*"user_id":[^}]*"timestamp"',
    "user properties that differ by case": rb'"country":"test","Country":"UK"',
    "an unset initial property": rb'"initial_gclid":"EMPTY"',
    "a group with properties": rb'"group_properties":\{"company":\{"acme-\d+":\{"seats"',
    "several keys of one group type": rb'"\[Segment\] Group":\["north","tea"\]',
    "a merge": rb'"merged_amplitude_id":4',
    "a refund": rb'"\$revenue":-',
    "a hashed device of a server event": rb'"device_id":"[^"]*-5[^"]*".*"platform":null',
    "a browser as operating system": rb'"os_name":"Chrome Mobile".*"platform":"Web"',
    "a page's campaign": rb'Page Location":"[^"]*gclid=[^"]*".*"utm_source":"google"',
    "a page's URL without its query": rb'Page URL":"https://shop.example.com/c/garden"',
    "an element's id and label": rb'Element ID":"add-to-cart".*Element Aria Label":"Add',
    "a quote in an element's text": rb'Element Text":"Sizes & \\"care\\""',
    "a carrier": rb'"device_carrier":"O2 - de"',
    "a tracking plan": rb'"plan":\{"branch":"main"',
    "a market area": rb'"dma":"San Francisco',
    "a tablet": rb'"device_type":"Samsung Galaxy Tab S7"',
    "user properties named like ours": rb'"amplitude_cohort_ids":\["my own"\]',
}


@pytest.mark.parametrize("pattern", IN_THE_TEXT.values(), ids=IN_THE_TEXT)
def test_a_small_world_has_every_oddity(pattern: bytes, world: World) -> None:
    lines = (line for member in world.members.values() for line in member[:-1])

    assert any(re.search(pattern, line) for line in lines)


@pytest.mark.parametrize("name", ODDITIES)
def test_no_oddity_of_the_generator_is_without_a_test(name: str) -> None:
    others = {"a late event", "a session later than its event", "$identify", "$groupidentify"}
    names = {"an event name of 201 bytes", "an event name with quotes", "whole seconds"}

    assert name in {*IN_THE_TEXT, *others, *names, "an event of decades ago"}


def test_a_small_world_has_many_event_types_on_every_platform(world: World) -> None:
    types = set(world.truth.events_by_type)
    usual = {"session_start", "session_end", "revenue_amount", "verified_revenue", "$identify"}
    autocapture = {"Page Viewed", "Element Clicked", "Screen Viewed", "Application Opened"}

    assert len(types) > 25
    assert usual | {f"[Amplitude] {name}" for name in autocapture} <= types
    assert max(len(name.encode()) for name in types) == 201
    assert {row["platform"] for row in world.rows} == {"Web", "iOS", "Android", None}
    assert all(row["session_id"] == -1 for row in world.rows if row["library"] == "http/2.0")


def test_events_arrive_late_and_sessions_start_after_their_events(world: World) -> None:
    rows = [row for row in world.rows if re.fullmatch(r"2025-0[23].*\.\d+", str(row["event_time"]))]
    late = [row for row in rows if row["event_time"][:10] < "2025-03-03"]
    after = [row for row in rows if row["session_id"] > milliseconds(row["event_time"])]

    assert late
    assert after


def test_a_session_lasts_for_days_and_another_has_two_users(world: World) -> None:
    times: dict[tuple[str, int], list[float]] = defaultdict(list)
    users: dict[tuple[str, int], set[str]] = defaultdict(set)
    for row in world.events():
        session = row["device_id"], row["session_id"]
        if row["session_id"] != -1 and re.fullmatch(r"2025-0[23].*\.\d+", str(row["event_time"])):
            times[session].append(milliseconds(row["event_time"]))
            users[session] |= {row["user_id"]} - {None}

    assert any(max(session) - min(session) > 86_400_000 for session in times.values())
    assert any(len(names) == 2 for names in users.values())


def test_six_group_types_differ_in_use(world: World) -> None:
    uses = Counter(group_type for row in world.events() for group_type in row["groups"])

    assert len(uses) == len(set(uses.values())) + 1 == 6


def test_what_a_campaign_said_is_gone_when_the_next_one_came(world: World) -> None:
    sources: dict[str, list[object]] = defaultdict(list)
    for row in world.events():
        sources[row["user_id"]].append(row["user_properties"].get("utm_source"))

    assert any(before is not None and after is None for _, before, after in pairs(sources))


def milliseconds(time: str) -> float:
    return datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp() * 1000


def test_a_duplicate_is_the_same_row_or_a_later_correction(world: World) -> None:
    copies: dict[str, list[Row]] = defaultdict(list)
    for row in world.rows:
        copies[row["uuid"]].append(row)
    hours = [{uploaded(row)[:13] for row in rows} for rows in copies.values() if len(rows) > 1]

    assert {len(several) for several in hours} == {1, 2}


def test_some_members_end_without_a_newline(world: World) -> None:
    assert {member[-1] == b"" for member in world.members.values()} == {True, False}


def test_user_properties_change_and_vanish(world: World) -> None:
    values: dict[str, list[object]] = defaultdict(list)
    for row in world.events():
        values[row["user_id"]].append(row["user_properties"].get("cart_value"))

    assert any(before is not None and after is None for _, before, after in pairs(values))
    assert any(
        None not in {before, after} and before != after for _, before, after in pairs(values)
    )


def pairs(values: dict[str, list[object]]) -> Iterator[tuple[str, object, object]]:
    for user, found in values.items():
        yield from ((user, *pair) for pair in pairwise(found))


def test_the_true_persons_follow_from_the_rows_by_the_rules_of_identity(tmp_path: Path) -> None:
    world = generate(Plan(events=3_000), tmp_path)
    with gzip.open(tmp_path / "event_persons.csv.gz", "rt", newline="") as file:
        truth = {row["uuid"]: row["person"] for row in csv.DictReader(file)}

    assert truth == Resolver(world.events()).persons()


def test_the_persons_file_agrees_with_the_events(world: World) -> None:
    with gzip.open(world.folder / "event_persons.csv.gz", "rt", newline="") as file:
        persons = {row["uuid"]: row["person"] for row in csv.DictReader(file)}
    listed = [
        json.loads(line) for line in (world.folder / "persons.ndjson").read_text().splitlines()
    ]
    users: dict[str, set[str]] = defaultdict(set)
    for row in world.events():
        users[row["device_id"]].add(persons[row["uuid"]])

    counts = Counter(persons.values())
    assert counts.pop("") == world.truth.nameless_events
    assert {person["person"]: person["events"] for person in listed} == counts
    assert world.truth.persons == len(listed)
    for person in listed:
        own = {device for device, names in users.items() if names == {person["person"]}}
        assert set(person["device_ids"]) == own
        assert person["user_id"] in {None, person["person"]}


class Resolver:
    """The rules of identity, told once more and independently: slow, over all rows at once."""

    def __init__(self, events: list[Row]) -> None:
        self.events = events
        self.users: dict[int, set[str]] = defaultdict(set)
        for row in events:
            if user := user_of(row):
                self.users[row["amplitude_id"]].add(user)
        self.merged = {row["amplitude_id"]: self.merge(row) for row in reversed(events)}
        self.owners: dict[str, set[str]] = defaultdict(set)
        for row in events:
            if person := self.known(row):
                self.owners[row["device_id"]].add(person)

    def merge(self, row: Row) -> int:
        """Find whom an amplitude_id merges into, given its first row."""
        own = row["amplitude_id"]
        if own in self.users or not row["device_id"]:
            return int(own)
        same = [later for later in self.events if later["device_id"] == row["device_id"]]
        after = [later for later in same if uploaded(later) > uploaded(row)]
        return next((int(x["amplitude_id"]) for x in after if x["amplitude_id"] in self.users), own)

    def known(self, row: Row) -> str | None:
        """The person of a row by its ids alone."""
        if user := user_of(row):
            return user
        users = self.users.get(self.merged[row["amplitude_id"]], set())
        return next(iter(users)) if len(users) == 1 else None

    def person(self, row: Row) -> str:
        """The person of a row, with the owners of its device."""
        device, owners = row["device_id"], self.owners.get(row["device_id"], set())
        if person := self.known(row):
            return person
        if not device:
            return ""
        if len(owners) > 1:
            return f"amplitude:{row['amplitude_id']}"
        names = {user for users in self.users.values() for user in users}
        return next(iter(owners)) if owners else f"device:{device}" if device in names else device

    def persons(self) -> dict[str, str]:
        """The person of every event."""
        return {row["uuid"]: self.person(row) for row in self.events}


def user_of(row: Row) -> str | None:
    return None if row["user_id"] in PLACEHOLDERS else row["user_id"]


def test_the_hard_cases_of_identity_are_in_a_small_world(world: World) -> None:
    with gzip.open(world.folder / "event_persons.csv.gz", "rt", newline="") as file:
        persons = {row["person"] for row in csv.DictReader(file)}
    users = {row["user_id"] for row in world.rows if row["user_id"]}

    assert {"", *PLACEHOLDERS} - {""} <= users
    assert max(len(user.encode()) for user in users) == 201
    assert any(person.startswith("amplitude:") for person in persons)
    assert any(person.startswith("device:") for person in persons)
    assert len({user.strip().lower() for user in users}) < len(users)
