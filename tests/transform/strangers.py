"""Small random worlds whose rows come in three loads, in no order: whatever can be late, is.

Each world has ids of its own: two users, three devices, four amplitude_ids. A row may lack any of
them; some rows are corrected by a later load, ids and all.
"""

import random
from collections.abc import Iterator
from typing import Any

Line = dict[str, Any]
_LOADS = 3
_ROWS = 9


def strangers(worlds: int, seed: int = 0) -> list[list[Line]]:
    """The lines of each load."""
    chance = random.Random(seed)
    loads: list[list[Line]] = [[] for _ in range(_LOADS)]
    for world in range(worlds):
        for load, line in _lines(world, chance):
            loads[load].append(line)
    return loads


def merges_of_strangers(worlds: int, seed: int = 0) -> list[Line]:
    """What Amplitude recorded of a tenth of the worlds: one amplitude_id is another one now."""
    chance = random.Random(seed)
    return [_merge(world, *chance.sample(range(4), 2)) for world in range(worlds) if not world % 10]


def _lines(world: int, chance: random.Random) -> Iterator[tuple[int, Line]]:
    for number in range(chance.randint(2, _ROWS)):
        load = chance.randrange(_LOADS)
        line = _line(world, number, chance)
        yield load, line
        if chance.random() < 0.15:
            later = chance.randrange(load, _LOADS)
            yield later, _line(world, number, chance) | {"event_type": "Corrected"}


def _line(world: int, number: int, chance: random.Random) -> Line:
    minute = f"2024-01-{chance.randint(3, 6):02} 00:{chance.randrange(60):02}:00"
    return {
        "uuid": f"00000000-0000-4000-9000-{world * _ROWS + number:012}",
        "event_type": "Walked",
        "event_time": minute,
        "server_upload_time": minute,
        "user_id": _one_of(chance, "user", world, 2),
        "device_id": _one_of(chance, "device", world, 3),
        "amplitude_id": chance.choice([None, *(_amplitude_id(world, n) for n in range(4))]),
        "session_id": chance.choice([-1, 1704067200000, 1704067260000]),
        "platform": chance.choice(["Web", "iOS"]),
        "event_properties": {},
        "user_properties": {"steps": chance.randrange(3)},
        "groups": {},
        "group_properties": {},
    }


def _one_of(chance: random.Random, kind: str, world: int, count: int) -> str | None:
    """An id of the world, or none; now and then one that stands for nobody, or for both kinds."""
    own = [f"{kind}-{world}-{number}" for number in range(count)]
    return chance.choice([None, None, *own, *own, "null", f"both-{world}"])


def _amplitude_id(world: int, number: int) -> int:
    return 1_000_000 + world * 10 + number


def _merge(world: int, merged: int, survivor: int) -> Line:
    return {
        "scope": 1,
        "merge_server_time": "2024-01-07 00:00:00.000000",
        "amplitude_id": _amplitude_id(world, survivor),
        "merged_amplitude_id": _amplitude_id(world, merged),
    }
