"""Exported lines of which PostHog's own importer makes the same as we do, or not, and why.

To add one, say what is special about the line, which names to look at, and the reason if we differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.line import KEYS

_NOON = "2025-06-01 12:00:00.000000"
_ONE = "2025-06-01 13:00:00.000000"
_SESSION = 1_748_779_200_000
_TIMES = dict.fromkeys(
    ("event_time", "client_event_time", "client_upload_time", "server_received_time"), _NOON
)
_BAGS = ("event_properties", "user_properties", "groups", "group_properties", "data", "plan")


@dataclass(frozen=True)
class Case:
    """A line that differs from a plain one by `changes`, and what of its event is looked at.

    `why` is empty where both make the same of it.
    """

    name: str
    changes: Mapping[str, Any]
    looks_at: tuple[str, ...]
    why: str = ""

    def line(self, number: int) -> dict[str, Any]:
        """Write the line, with ids of its own: no case has to do with another."""
        return {
            **dict.fromkeys(KEYS),
            **{bag: {} for bag in _BAGS},
            **_TIMES,
            "server_upload_time": _ONE,
            "processed_time": _ONE,
            "$insert_id": f"case {number}",
            "uuid": f"00000000-0000-4000-8000-{number:012x}",
            "event_type": "seen",
            "user_id": f"user {number}",
            "device_id": f"device {number}",
            "amplitude_id": 1_000 + number,
            "session_id": _SESSION,
            "event_id": number + 1,
            "app": 100042,
            **self.changes,
        }


def _autocapture(event: str, **properties: object) -> dict[str, object]:
    names = {name: f"[Amplitude] {name.replace('_', ' ')}" for name in properties}
    bag = {names[name]: value for name, value in properties.items()}
    return {"event_type": f"[Amplitude] {event}", "event_properties": bag}


EVERY_KEY: Mapping[str, Any] = {
    **dict.fromkeys(KEYS, "known"),
    **_TIMES,
    "server_upload_time": _ONE,
    "processed_time": _ONE,
    "user_creation_time": _NOON,
    "uuid": "00000000-0000-4000-8000-0000000000ff",
    "$schema": 13,
    "amplitude_id": 9_999,
    "app": 100042,
    "event_id": 7,
    "session_id": _SESSION,
    "platform": "iOS",
    "language": "Danish",
    "country": "Denmark",
    "device_family": "Apple iPhone",
    "location_lat": 55.7,
    "location_lng": 12.6,
    "paying": True,
    "is_attribution_event": True,
    "sample_rate": 0.5,
    "amplitude_attribution_ids": ["a-1"],
    "event_properties": {"own": 1},
    "user_properties": {"own": 2},
    "groups": {"company": ["acme"]},
    "group_properties": {"company": {"acme": {"seats": 1}}},
    "data": {"path": "/2/httpapi"},
    "plan": {"branch": "main"},
    "global_user_properties": {"own": 3},
    "a key of tomorrow": {"own": 4},
}

CASES = (
    Case(
        "a page view",
        _autocapture(
            "Page Viewed", Page_Domain="shop.example", Page_Path="/cart", Viewport_Width=1280
        ),
        ("event", "$host", "$pathname", "$viewport_width"),
    ),
    Case(
        "its URL",
        _autocapture(
            "Page Viewed",
            Page_URL="https://shop.example/",
            Page_Location="https://shop.example/?q=tea",
        ),
        ("$current_url",),
        "Amplitude's Page URL lacks the query, and with it searches and campaigns",
    ),
    Case(
        "a click",
        _autocapture("Element Clicked", Element_Tag="button", Element_Text="Buy"),
        ("event", "$event_type", "$el_text"),
        "PostHog tells clicks from changes by `$event_type`, and elements by their text and chain",
    ),
    Case(
        "an event of your own",
        {
            "event_type": "Order Completed",
            "event_properties": {"Plan": "pro", "amount": 9.5, "tags": ["a", "b"]},
        },
        ("event", "Plan", "amount", "tags"),
    ),
    Case("`session_start`", {"event_type": "session_start"}, ("event",)),
    Case(
        "`session_end`",
        {"event_type": "session_end"},
        ("event",),
        "neither end of a session is an event in PostHog",
    ),
    Case(
        "an event `$identify`",
        {"event_type": "$identify"},
        ("event",),
        "PostHog would act on it",
    ),
    Case(
        "an event that begins with `$`",
        {"event_type": "$unset"},
        ("event",),
        "PostHog may act on it, today or tomorrow",
    ),
    Case(
        "a property `$set`",
        {"event_properties": {"$set": {"plan": "stolen"}}},
        ("$set.plan", "amplitude_$set"),
        "PostHog would change the person by it",
    ),
    Case(
        "no user id",
        {"user_id": None},
        ("distinct_id",),
    ),
    Case(
        "a blank user id",
        {"user_id": ""},
        ("distinct_id", "$amplitude_user_id"),
        "blank is no id",
    ),
    Case(
        'the user id "null"',
        {"user_id": "null"},
        ("distinct_id",),
        "all who are called so would be one person",
    ),
    Case(
        "no id at all",
        {"user_id": None, "device_id": None},
        ("event", "distinct_id"),
        "each event would be a person, and another one on each run",
    ),
    Case(
        "a browser on Windows",
        {
            "platform": "Web",
            "os_name": "Chrome",
            "os_version": "137",
            "device_family": "Windows",
            "device_type": "Windows",
        },
        ("$browser", "$browser_version", "$os", "$device_type"),
    ),
    Case(
        "a browser on a Mac",
        {"platform": "Web", "os_name": "Safari", "device_family": "Mac OS X", "device_type": "Mac"},
        ("$os", "$device_type"),
        "on Web the system is Amplitude's device_family",
    ),
    Case(
        "an iPhone",
        {
            "platform": "iOS",
            "os_name": "ios",
            "os_version": "15.1",
            "device_family": "Apple iPhone",
            "device_type": "Apple iPhone 12",
        },
        ("$browser", "$browser_version", "$os", "$os_version", "$device_type"),
        "an app has no browser; its system is Amplitude's os_name",
    ),
    Case(
        "what an app knows",
        {
            "platform": "Android",
            "version_name": "4.2.0",
            "device_model": "SM-G991B",
            "device_carrier": "O2 - de",
            "language": "German",
        },
        ("$app_version", "$device_model", "$network_carrier", "$locale"),
        "releases, devices and languages are questions that people ask",
    ),
    Case(
        "a place",
        {
            "country": "Iceland",
            "region": "Capital Region",
            "city": "Reykjavik",
            "ip_address": "203.0.113.7",
        },
        ("$geoip_country_name", "$geoip_subdivision_1_name", "$geoip_city_name", "$ip"),
    ),
    Case(
        "a place on the map",
        {"country": "Iceland", "location_lat": 64.1, "location_lng": -21.9},
        ("$geoip_country_code", "$geoip_latitude", "$geoip_longitude"),
        "PostHog's map reads the code",
    ),
    Case(
        "a session",
        {},
        ("$amplitude_session_id", "$session_id"),
        "without `$session_id` PostHog has no sessions",
    ),
    Case(
        "no session",
        {"session_id": -1},
        ("$amplitude_session_id",),
        "-1 is Amplitude's word for none",
    ),
    Case(
        "where a user came from first",
        {"user_properties": {"initial_utm_source": "google", "initial_referrer": "EMPTY"}},
        ("$set_once.$initial_utm_source", "$set_once.$initial_referrer"),
    ),
    Case(
        "which click brought a user first",
        {"user_properties": {"initial_gclid": "Cj0K", "initial_utm_term": "tea"}},
        ("$set_once.$initial_gclid", "$set_once.$initial_utm_term"),
        "it knows six of the names that PostHog looks for",
    ),
    Case(
        "a user property of your own",
        {"user_properties": {"plan": "pro"}},
        ("$set.plan",),
        "it drops all but those six",
    ),
    Case(
        "several groups of a type",
        {"groups": {"company": ["acme", "globex"]}},
        ("$groups", "$amplitude_groups"),
        "PostHog takes one; the others are kept",
    ),
    Case("no event time", {"event_time": None, "client_event_time": _ONE}, ("timestamp",)),
    Case(
        "an event time in the future",
        {"event_time": "2031-01-01 00:00:00.000000"},
        ("timestamp",),
        "it cannot have happened after it was uploaded",
    ),
    Case(
        "an event time in ISO 8601",
        {"event_time": "2025-06-01T11:00:00.000Z"},
        ("timestamp",),
        "some exports have it so",
    ),
    Case(
        "no time at all",
        dict.fromkeys((*_TIMES, "server_upload_time"), None),
        ("event", "timestamp"),
        "it would be another time on each run",
    ),
    Case(
        "no uuid",
        {"uuid": None},
        ("uuid",),
        "a second run would send each such event twice",
    ),
    Case(
        "every key that there is",
        EVERY_KEY,
        ("$set.own", "$amplitude_id", "$amplitude_extra", "$browser", "$browser_version"),
        "nothing that Amplitude recorded is lost",
    ),
)
"""In the order of the page that shows them, docs/mapping.md."""
