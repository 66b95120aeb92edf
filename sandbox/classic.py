"""The classic `POST /batch/` judged as PostHog judges it: all of a request or nothing.

Pure but for the uuid that an event without one gets. The body is `{"api_key", "batch": [{"event",
"distinct_id", "uuid"?, "timestamp"?, "properties"?}], "historical_migration"?, "sent_at"?}`; the
answer 200 `{"status": "Ok"}`. What cannot be read as asked is bent to fit without a word: an id or
a name is cut to 200 characters, a time that is missing, malformed or a day ahead becomes now, and
`sent_at` shifts every time by what the two clocks differ.
"""

import json
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from uuid import uuid4

from sandbox.batch import Batch, Event, is_too_big, is_uuid, read_body, refuse
from sandbox.http import Request

PATH = "/batch/"
_MAX_CHARACTERS = 200
_FUTURE = timedelta(hours=23)

# Where V1 expects what the classic endpoint finds among the properties.
_FIELDS = {"$session_id": "session_id", "$window_id": "window_id"}
_OPTIONS = {
    "$process_person_profile": "process_person_profile",
    "$ignore_sent_at": "disable_skew_correction",
}


def read(request: Request, token: str, max_bytes: int, now: datetime) -> Batch:
    """Check the request with all its events; `now` is the server's clock, as naive UTC.

    Raises:
        RefusedError: one check failed.
    """
    body = read_body(request, max_bytes)
    if body.get("api_key") != token:
        refuse(401, "invalid_token", "the project token is not valid")
    events = body.get("batch")
    if not isinstance(events, list) or not events:
        refuse(400, "empty_batch", "the batch has no events")
    sent_at = _time(body.get("sent_at"))
    skew = now - sent_at if sent_at else timedelta()
    read_events = [_read_event(event, skew, now) for event in events]
    return Batch(read_events, body.get("historical_migration") is True)


def fitting(events: list[Event]) -> list[Event]:
    """Return the events before the first that PostHog's queue does not take: they are stored."""
    return list(takewhile(lambda event: not is_too_big(event), events))


def _read_event(event: object, skew: timedelta, now: datetime) -> Event:
    if not isinstance(event, dict):
        refuse(400, "invalid_payload", "an event is not an object")
    properties = event.get("properties", {})
    name, uuid = event.get("event"), event.get("uuid") or str(uuid4())
    if not isinstance(properties, dict):
        refuse(400, "invalid_payload", "the properties of an event are not an object")
    if not isinstance(name, str) or not name:
        refuse(400, "missing_event_name", "an event has no name")
    if not is_uuid(uuid):
        refuse(400, "invalid_payload", "the uuid of an event is not a uuid")
    distinct_id = _text(event.get("distinct_id") or properties.get("distinct_id"))
    if not distinct_id:
        refuse(400, "missing_distinct_id", "an event has no distinct_id")
    ignored = properties.get("$ignore_sent_at") is True
    at = _happened(event.get("timestamp"), timedelta() if ignored else skew, now)
    return {
        "uuid": uuid,
        "event": name[:_MAX_CHARACTERS],
        "distinct_id": distinct_id[:_MAX_CHARACTERS],
        "timestamp": f"{at.isoformat()}Z",
        **_moved(properties),
    }


def _text(value: object) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value)


def _moved(properties: Event) -> Event:
    fields = {to: properties[name] for name, to in _FIELDS.items() if name in properties}
    options = {to: properties[name] for name, to in _OPTIONS.items() if name in properties}
    moved = _FIELDS.keys() | _OPTIONS.keys()
    rest = {name: value for name, value in properties.items() if name not in moved}
    return {**fields, "options": options, "properties": rest}


def _happened(value: object, skew: timedelta, now: datetime) -> datetime:
    at = _time(value)
    if at is None or at + skew > now + _FUTURE:
        return now
    return at + skew


def _time(value: object) -> datetime | None:
    """Read a time; one without a zone is UTC."""
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
    except (ValueError, OverflowError):
        return None
