"""Who did it: the worked examples of Amplitude's documentation, and the cases that break others.

Each case is a short history, in order of upload, of rows (user_id, device_id, amplitude_id); then
the id each row is sent under, and, where it differs, whose event it is.
"""

import json
from contextlib import closing
from dataclasses import dataclass, field

import duckdb
import pytest

from tests.conftest import succeed

Row = tuple[str | None, str | None, int | None]
# None: the row is not sent. A pair: the id it is sent under, and the person whose alias that is.
Sent = str | tuple[str, str] | None


@dataclass(frozen=True)
class Case:
    """A history, what becomes of its rows, and the aliases that PostHog is told."""

    sentence: str
    rows: list[Row]
    sent: list[Sent]
    aliases: dict[str, str] = field(default_factory=dict)


CASES = [
    Case(
        "on a shared device R, Jane and Mary each get their own rows",
        [("jane", "R", 6), (None, "R", 6), ("mary", "R", 7), (None, "R", 7), (None, "R", 7)],
        ["jane", "jane", "mary", "mary", "mary"],
    ),
    Case(
        "on device Z, David's merged id is David, who is known from device Y",
        [("david", "Y", 8), (None, "Z", 9), ("david", "Z", 8), (None, "Z", 8)],
        ["david", ("Z", "david"), "david", ("Z", "david")],
        {"Z": "david"},
    ),
    Case(
        "a late row of the merged id is not the next user's",
        [(None, "Z", 9), ("david", "Z", 8), ("mary", "Z", 7), (None, "Z", 9)],
        ["david", "david", "mary", "david"],
    ),
    Case(
        "who was anonymous before the login is the one who logged in",
        [(None, "D", 1), (None, "D", 1), ("jane", "D", 1)],
        [("D", "jane"), ("D", "jane"), "jane"],
        {"D": "jane"},
    ),
    Case(
        "several devices of one user are all theirs; one without anonymous rows needs no alias",
        [("jane", "D1", 1), (None, "D1", 1), ("jane", "D2", 1), (None, "D3", 2), ("jane", "D3", 1)],
        ["jane", ("D1", "jane"), "jane", ("D3", "jane"), "jane"],
        {"D1": "jane", "D3": "jane"},
    ),
    Case(
        "after a logout the device is still that of its one user",
        [("jane", "D", 1), (None, "D", 1), (None, "D", 2)],
        ["jane", ("D", "jane"), ("D", "jane")],
        {"D": "jane"},
    ),
    Case(
        "an anonymous row on U's device whose amplitude_id is V's makes the device a shared one",
        [("u", "D", 1), ("v", "E", 2), (None, "D", 2), (None, "D", 1)],
        ["u", "v", "v", "u"],
    ),
    Case(
        "user ids that differ in case are different people",
        [("Jane", "D1", 1), ("jane", "D2", 2), (None, "D1", 1)],
        ["Jane", "jane", ("D1", "Jane")],
        {"D1": "Jane"},
    ),
    Case(
        "a numeric user id is an id like any other",
        [("4711", "D", 1), (None, "D", 1)],
        ["4711", ("D", "4711")],
        {"D": "4711"},
    ),
    Case(
        "an id with blanks keeps them",
        [(" jane ", "D 1", 1), (None, "D 1", 1), ("jane", "D2", 2)],
        [" jane ", ("D 1", " jane "), "jane"],
        {"D 1": " jane "},
    ),
    Case(
        "one amplitude_id with two users names nobody, and its devices stay what they are",
        [("jane", "D1", 1), ("mary", "D2", 1), (None, "D3", 1)],
        ["jane", "mary", "D3"],
    ),
    Case(
        "the hash that stands for a device in a server event needs no alias",
        [("jane", "hash", 1), ("jane", "D", 1), (None, "D", 1)],
        ["jane", "jane", ("D", "jane")],
        {"D": "jane"},
    ),
    Case(
        "somebody unknown on a shared device is a person of their own",
        [(None, "D", 5), ("jane", "D", 1), ("mary", "D", 2), (None, "D", 3), (None, None, None)],
        ["jane", "jane", "mary", "amplitude:3", None],
    ),
    Case(
        "a device that nobody logged in on is a person of its own",
        [(None, "D", 1), (None, "D", 1)],
        ["D", "D"],
    ),
]

# Ids that mean something as they are cannot be told apart by case.
PLAIN_CASES = [
    Case(
        "a placeholder is no user id",
        [("anonymous", "plain-1", 9001), ("NULL", "plain-1", 9001)],
        ["plain-1", "plain-1"],
    ),
    Case(
        "a string that is a user id and a device id is never an alias",
        [("both", "plain-2", 9011), (None, "both", 9012), ("lena", "both", 9013)],
        ["both", "lena", "lena"],
    ),
    Case(
        "an id of more than 200 bytes is not sent, and its device is nobody's alias",
        [("ü" * 101, "plain-3", 9021), (None, "plain-3", 9021)],
        [None, None],
    ),
]


@dataclass(frozen=True)
class World:
    """What became of all cases' rows."""

    sent: dict[int, tuple[str | None, str | None]]
    aliases: dict[str, str]
    differences: dict[int, str]


def told_apart(number: int, case: Case) -> Case:
    """The same case with ids that no other case has."""

    def own(name: str) -> str:
        return name if name.startswith("amplitude:") else f"{number}/{name}"

    def place(sent: Sent) -> Sent:
        if sent is None:
            return None
        if isinstance(sent, tuple):
            return own(sent[0]), own(sent[1])
        if sent.startswith("amplitude:"):
            return f"amplitude:{number * 100 + int(sent.split(':')[1])}"
        return own(sent)

    return Case(
        case.sentence,
        [
            (user and own(user), device and own(device), identity and number * 100 + identity)
            for user, device, identity in case.rows
        ],
        [place(sent) for sent in case.sent],
        {own(device): own(user) for device, user in case.aliases.items()},
    )


ALL = [told_apart(number, case) for number, case in enumerate(CASES, start=1)] + PLAIN_CASES


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("people")
    lines = [
        line(number * 100 + position, row)
        for number, case in enumerate(ALL, start=1)
        for position, row in enumerate(case.rows)
    ]
    (folder / "exports").mkdir()
    (folder / "exports" / "people.ndjson").write_text("\n".join(lines))
    succeed("extract", folder, EXTRACT_FILES=str(folder / "exports"))
    wanted = ("--select", "+posthog_aliases", "+events", "+identity_differences")
    without_tests = ("--exclude-resource-type", "test", "unit_test")
    succeed("dbt_project", folder, "build", "--quiet", *wanted, *without_tests)
    with closing(duckdb.connect(folder / "warehouse.duckdb", read_only=True)) as warehouse:
        events = warehouse.sql(
            "select right(event_uuid::varchar, 12)::bigint, distinct_id, person_id, rejection"
            " from marts.events"
        ).fetchall()
        aliases = warehouse.sql(
            "select properties ->> 'alias', distinct_id from marts.posthog_aliases"
        ).fetchall()
        differences = warehouse.sql(
            "select right(event_uuid::varchar, 12)::bigint, reason from marts.identity_differences"
        ).fetchall()
    return World(
        {key: (None, None) if why else (sent, person) for key, sent, person, why in events},
        dict(aliases),
        dict(differences),
    )


def line(number: int, row: Row) -> str:
    user_id, device_id, amplitude_id = row
    minute = f"2024-01-01 {number // 60 % 24:02}:{number % 60:02}:00"
    return json.dumps(
        {
            "uuid": f"00000000-0000-4000-8000-{number:012}",
            "event_type": "Bought",
            "event_time": minute,
            "server_upload_time": minute,
            "user_id": user_id,
            "device_id": device_id,
            "amplitude_id": amplitude_id,
        }
    )


@pytest.mark.parametrize("number", range(1, len(ALL) + 1), ids=[case.sentence for case in ALL])
def test_each_row_goes_to_its_person(world: World, number: int) -> None:
    case = ALL[number - 1]
    expected = [sent if isinstance(sent, tuple) else (sent, sent) for sent in case.sent]
    assert [world.sent[number * 100 + n] for n in range(len(case.rows))] == expected
    devices = {device for _, device, _ in case.rows if device}
    told = {device: user for device, user in world.aliases.items() if device in devices}
    assert told == case.aliases


def test_what_counts_for_another_person_than_in_amplitude_is_explained(world: World) -> None:
    (logout,) = [n for n, case in enumerate(ALL, start=1) if "after a logout" in case.sentence]
    only_one = "Amplitude knows nobody here, but only one person ever used the device"
    assert world.differences == {logout * 100 + 2: only_one}
