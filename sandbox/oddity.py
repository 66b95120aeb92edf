"""What real exports hold beyond the tidy example: each oddity is a line that is still valid JSON.

Every entry of `ODDITIES` was seen in real rows, or is legal and known to break importers.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sandbox.line import encode, stamp
from sandbox.world import HOUR, Row

Change = Callable[[Row], Mapping[str, str]]

_DAY = 24 * HOUR
_DEPTH = 40


def add(bag: str, members: str) -> str:
    """Put JSON members (`"key":value,...`) in front of those of an object's text."""
    return "{" + members + ("}" if bag == "{}" else "," + bag[1:])


_EVENT_PROPERTIES = {
    "keys that differ by case": '"color":"red","Color":"blue","COLOR":3',
    "a key with dots": '"price.net":9.5,"price":{"net":"other"}',
    "a key with blanks": '"delivery window":"9-12"," padded ":1',
    "a key with quotes": r'"size 12\" deep":true,"it' + "'" + r's":"a\\b"',
    "a key with a question mark": '"gift?":false',
    "a key with brackets": '"items[0]":"x","[Shop] Aisle":4',
    "a key with a dollar": '"$coupon":"SPRING"',
    "a key that PostHog acts on": '"$set":{"plan":"stolen"},"$groups":{"company":"x"},"$ip":"::1"',
    "an empty key": '"":"nothing"',
    "an integer here": '"discount":5',
    "text there": '"discount":"5%"',
    "arrays of objects": '"parts":[{"sku":"A","sub":[{"n":1},{"n":2}]},[],[[1]]]',
    "40 levels": '"deep":' + '{"down":' * (_DEPTH - 1) + "0" + "}" * (_DEPTH - 1),
    "names of columns": '"user_id":"other","id":1,"timestamp":"soon","email":"?","platform":"x"',
    "NUL": r'"note":"before\u0000after"',
    "an integer past 53 bits": '"serial":9007199254740993',
    "an integer past 64 bits": '"serial":123456789012345678901234567890',
    "NaN": '"ratio":NaN,"limit":-Infinity',
    "duplicate keys": '"step":1,"step":2',
    "decimals": '"amount":1.10,"tiny":1e-9,"whole":3.0',
    "a string of 1,024 characters": '"description":"' + "long " * 204 + 'long"',
    "emoji and escapes": r'"mood":"🫖 \ud83d\ude00 \u00e9\t"',
}


def _bag(members: str) -> Change:
    return lambda row: {"event_properties": add(row.cells["event_properties"], members)}


def _cell(key: str, text: str) -> Change:
    return lambda _: {key: text}


def _shifted(milliseconds: int) -> Change:
    return lambda row: dict.fromkeys(
        ("event_time", "client_event_time"), stamp(row.happened + milliseconds)
    )


def _whole_seconds(row: Row) -> Mapping[str, str]:
    return {"event_time": stamp(row.happened).replace(stamp(row.happened)[-8:-1], "")}


def _iso(row: Row) -> Mapping[str, str]:
    text = stamp(row.happened)
    return {"event_time": f'{text[:11]}T{text[12:-1]}Z"'}


def _late_session(row: Row) -> Mapping[str, str]:
    return {"session_id": str(row.happened + 5_000)}


ODDITIES: Mapping[str, Change] = MappingProxyType(
    {
        **{name: _bag(members) for name, members in _EVENT_PROPERTIES.items()},
        "a late event": _shifted(-5 * _DAY),
        "a future event": _shifted(30 * _DAY),
        "an event of decades ago": _shifted(-30 * 365 * _DAY),
        "a malformed time": _cell("event_time", '"2025-13-45 99:00:00"'),
        "no time": _cell("event_time", "null"),
        "whole seconds": _whole_seconds,
        "ISO time": _iso,
        "a session later than its event": _late_session,
        "a shared insert id": _cell("$insert_id", '"checkout"'),
        "no insert id": _cell("$insert_id", "null"),
        "$identify": _cell("event_type", '"$identify"'),
        "$groupidentify": _cell("event_type", '"$groupidentify"'),
        "an event name of 201 bytes": _cell("event_type", encode("é" * 100 + "!")),
        "an event name with quotes": _cell("event_type", encode('said "hi" 🫖')),
    }
)
"""By name: what changes in a row's cells."""
