"""What is true about a generated export, written beside it while it is generated.

- `truth.json`: the counts of `Truth`; written last, so that its presence means that all is there.
- `persons.ndjson`: a line a person: `person`, `user_id`, `device_ids` (only its own), `events`.
- `event_persons.csv.gz`: `uuid,person` for every distinct event; empty where nobody can be known.
- `profiles.ndjson`: the User Profile API's answers; one user or device in seven has none.
"""

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import Self, TextIO

from sandbox.line import encode
from sandbox.people import Identity
from sandbox.stream import Kind, Line
from sandbox.world import Scene

_EVENTS = frozenset({Kind.EVENT, Kind.REPAIRABLE})
_WITHOUT_PROFILE = 7


@dataclass(frozen=True)
class Truth:
    """The counts of an export.

    `lines` are the non-blank ones. `bad_lines` cannot be read, `repairable_lines` can once a lone
    surrogate is replaced, `duplicate_lines` repeat a uuid; `nameless_events` have no person.
    `events_by_type` counts distinct uuids.
    """

    lines: int
    bad_lines: int
    repairable_lines: int
    duplicate_lines: int
    distinct_uuids: int
    nameless_events: int
    persons: int
    events_by_type: dict[str, int]


def load_truth(folder: Path) -> Truth:
    """Read the truth that `write_exports` left in this folder."""
    return Truth(**json.loads((folder / "truth.json").read_text()))


class Record:
    """Takes notes while lines are written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kinds: Counter[Kind] = Counter()
        self._types: Counter[str] = Counter()
        self._persons = self._nameless = 0
        self._files = ExitStack()

    def __enter__(self) -> Self:
        self._person_file = self._open("persons.ndjson")
        self._profile_file = self._open("profiles.ndjson")
        packed = self._files.enter_context((self._folder / "event_persons.csv.gz").open("wb"))
        unpacked = gzip.GzipFile("", "wb", compresslevel=1, fileobj=packed, mtime=0)
        text = TextIOWrapper(unpacked, "utf-8", newline="")
        self._event_writer = csv.writer(self._files.enter_context(text), lineterminator="\n")
        self._event_writer.writerow(("uuid", "person"))
        return self

    def __exit__(self, *_: object) -> None:
        self._files.close()

    def _open(self, name: str) -> TextIO:
        path = self._folder / name
        return self._files.enter_context(path.open("w", encoding="utf-8", newline=""))

    def scene(self, scene: Scene, lines: list[Line]) -> None:
        """Note one scene with all its lines."""
        self._kinds.update(line.kind for line in lines)
        events = [line.row for line in lines if line.kind in _EVENTS]
        self._types.update(row.cells["event_type"] for row in events)
        rows = [(row.cells["uuid"][1:-1], row.visit.who.person) for row in events]
        self._event_writer.writerows(rows)
        counts = Counter(person for _, person in rows)
        self._nameless += counts.pop("", 0)
        self._persons += len(counts)
        for person in persons(scene, counts):
            self._person_file.write(encode(person) + "\n")
        for profile in profiles(scene):
            self._profile_file.write(encode(profile) + "\n")

    def finish(self) -> Truth:
        """Write the counts down."""
        events = sum(self._kinds[kind] for kind in _EVENTS)
        duplicates, bad = self._kinds[Kind.DUPLICATE], self._kinds[Kind.BAD]
        truth = Truth(
            lines=events + duplicates + bad,
            bad_lines=bad,
            repairable_lines=self._kinds[Kind.REPAIRABLE],
            duplicate_lines=duplicates,
            distinct_uuids=events,
            nameless_events=self._nameless,
            persons=self._persons,
            events_by_type={json.loads(name): self._types[name] for name in sorted(self._types)},
        )
        (self._folder / "truth.json").write_text(json.dumps(asdict(truth), indent=2) + "\n")
        return truth


def persons(scene: Scene, events: Counter[str]) -> Iterator[dict[str, object]]:
    """Describe each person of a scene with the devices that nobody else used."""
    users: dict[str | None, set[str]] = defaultdict(set)
    for visit in scene.visits:
        users[visit.device.id].add(visit.who.person)
    for person, count in sorted(events.items()):
        own = sorted(device for device, names in users.items() if device and names == {person})
        known = any(who.user_id == person for who in _identities(scene))
        user_id = person if known else None
        yield {"person": person, "user_id": user_id, "device_ids": own, "events": count}


def profiles(scene: Scene) -> Iterator[dict[str, object]]:
    """Describe each user, and each device of nobody else's, as the User Profile API does.

    `computations` are amp_props on demand.
    """
    last = {visit.who.user_id or visit.device.id: visit for visit in scene.visits}
    for name, visit in last.items():
        if name != visit.who.person or visit.who.amplitude_id % _WITHOUT_PROFILE == 0:
            continue
        yield {
            "user_id": visit.who.user_id,
            "device_id": visit.device.id,
            "amp_props": visit.who.traits.current,
            "computations": {"orders_in_30_days": str(visit.who.amplitude_id % 9)},
            "cohort_ids": ["buyers"] if visit.who.company is None else ["buyers", "companies"],
            "recommendations": ["SKU-1001", "SKU-2001"],
            "propensity": visit.who.amplitude_id % 100 / 100,
        }


def _identities(scene: Scene) -> Iterator[Identity]:
    return (visit.who for visit in scene.visits)
