"""What PostHog's own importer makes of an exported line, told once more from its facts.

As of its newest readable source, `batch-import-worker` in PostHog's repository. Left out is what it
adds to each event whatever the line says, what it sets on the person that the event says already,
and what it makes beside the event: `$identify` for each pair of user and device, `$groupidentify`.
"""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

Line = Mapping[str, Any]

RANDOM = "random"
"""A uuid that is another one when the import runs again."""

NOW = "the time of the import"

_EVENTS = {
    "[Amplitude] Page Viewed": "$pageview",
    "[Amplitude] Element Clicked": "$autocapture",
    "[Amplitude] Element Changed": "$autocapture",
}
_FIELDS = {
    "$amplitude_user_id": "user_id",
    "$amplitude_device_id": "device_id",
    "$device_id": "device_id",
    "$geoip_country_name": "country",
    "$geoip_subdivision_1_name": "region",
    "$geoip_city_name": "city",
    "$browser": "os_name",
    "$browser_version": "os_version",
    "$os": "device_type",
    "$ip": "ip_address",
}
_PROPERTIES = {
    "$current_url": "[Amplitude] Page URL",
    "$host": "[Amplitude] Page Domain",
    "$pathname": "[Amplitude] Page Path",
    "$viewport_height": "[Amplitude] Viewport Height",
    "$viewport_width": "[Amplitude] Viewport Width",
    "$referrer": "referrer",
    "$referring_domain": "referring_domain",
}
_DEVICE_TYPES = {"Windows": "Desktop", "Linux": "Desktop", "iOS": "Mobile", "Android": "Mobile"}
_SET_ONCE = (
    *("initial_referrer", "initial_referring_domain", "initial_utm_source"),
    *("initial_utm_medium", "initial_utm_campaign", "initial_utm_content"),
)
_TIMES = ("event_time", "client_event_time", "server_received_time")


def imported(line: Line) -> dict[str, Any] | None:
    """Return the event with its properties beside it, `$set_once` among them."""
    event_type = line["event_type"]
    if event_type in {None, "session_start"}:
        return None
    return {
        "event": _EVENTS.get(event_type, event_type),
        "distinct_id": line["user_id"] or line["device_id"] or RANDOM,
        "timestamp": next(_moments(line), NOW),
        "uuid": _uuid(line["uuid"]),
        **dict(_properties(line)),
        "$set_once": dict(_set_once(line["user_properties"])),
    }


def _properties(line: Line) -> Iterator[tuple[str, Any]]:
    own = line["event_properties"]
    yield from own.items()
    for name, key in _FIELDS.items():
        if line[key] is not None:
            yield name, _number(line[key]) if name == "$browser_version" else line[key]
    for name, key in (("$amplitude_event_id", "event_id"), ("$amplitude_session_id", "session_id")):
        if line[key]:
            yield name, line[key]
    if line["device_type"] in _DEVICE_TYPES:
        yield "$device_type", _DEVICE_TYPES[line["device_type"]]
    for name, key in _PROPERTIES.items():
        if key in own:
            yield name, own[key]
    if line["groups"]:
        yield "$groups", {name: keys[0] for name, keys in line["groups"].items() if keys}


def _set_once(user_properties: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name in _SET_ONCE:
        if user_properties.get(name, "EMPTY") != "EMPTY":
            yield f"${name}", user_properties[name]


def _moments(line: Line) -> Iterator[str]:
    for key in _TIMES:
        with suppress(TypeError, ValueError):
            pattern = "%Y-%m-%d %H:%M:%S.%f" if "." in line[key] else "%Y-%m-%d %H:%M:%S"
            yield str(datetime.strptime(line[key], pattern))  # noqa: DTZ007 - both are UTC


def _uuid(text: str | None) -> str:
    with suppress(TypeError, ValueError, AttributeError):
        return str(UUID(text))
    return RANDOM


def _number(text: str) -> int | str:
    with suppress(ValueError):
        return int(text)
    return text
