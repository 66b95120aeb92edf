"""An export line has 55 keys, most the same for a whole visit: it is a template, filled.

Seen in real exports: rows since 2022 carry all keys on every row, absent ones as null; older rows
carry 49, in an order that differs by row, with slashes escaped.
"""

import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random

KEYS = (
    *("$insert_id", "$insert_key", "$schema", "adid", "amplitude_attribution_ids"),
    *("amplitude_event_type", "amplitude_id", "app", "city", "client_event_time"),
    *("client_upload_time", "country", "data", "data_type", "device_brand", "device_carrier"),
    *("device_family", "device_id", "device_manufacturer", "device_model", "device_type", "dma"),
    *("event_id", "event_properties", "event_time", "event_type", "global_user_properties"),
    *("group_properties", "groups", "idfa", "ip_address", "is_attribution_event", "language"),
    *("library", "location_lat", "location_lng", "os_name", "os_version", "partner_id", "paying"),
    *("plan", "platform", "processed_time", "region", "sample_rate", "server_received_time"),
    *("server_upload_time", "session_id", "source_id", "start_version", "user_creation_time"),
    *("user_id", "user_properties", "uuid", "version_name"),
)
"""Every key of a row since 2022, in its usual order."""

OLD_KEYS = tuple(
    key
    for key in KEYS
    if key
    not in {"$insert_key", "data_type", "global_user_properties", "partner_id", "plan", "source_id"}
)
"""The 49 keys of a row of 2019 and 2020."""

CELLS = frozenset(
    {
        *("$insert_id", "client_event_time", "client_upload_time", "data", "event_id"),
        *("event_properties", "event_time", "event_type", "processed_time", "server_received_time"),
        *("server_upload_time", "session_id", "user_properties", "uuid"),
    }
)
"""The keys whose values differ from row to row of one visit."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""JSON as Amplitude writes it: compact, with real characters instead of escapes."""


_NULLS = dict.fromkeys(KEYS, "null")
_FRAME = "{" + ",".join(f'"{key}":%{"%" * (key in CELLS)}({key})s' for key in KEYS) + "}"
_OLD_ORDERS = [Random(seed).sample(OLD_KEYS, len(OLD_KEYS)) for seed in range(64)]


@dataclass(frozen=True, slots=True)
class Form:
    """What all rows of a visit have in common: `constants` are JSON texts, `old` means 49 keys.

    A constant that is not among the usual keys comes last, as a key that Amplitude adds one day.
    """

    constants: dict[str, str]
    template: str
    old: bool

    @classmethod
    def of(cls, constants: dict[str, str], *, old: bool) -> "Form":
        """Prepare the template, which a row's cells fill by name."""
        escaped = {key: text.replace("%", "%%") for key, text in constants.items()}
        frame = _FRAME % (_NULLS | escaped)
        more = [f',"{key}":{text}' for key, text in escaped.items() if key not in _NULLS]
        return cls(constants, f"{frame[:-1]}{''.join(more)}}}", old)

    def fill(self, cells: dict[str, str]) -> str:
        """Write one line; `cells` are the JSON texts of `CELLS`."""
        return self._fill_old(cells) if self.old else self.template % cells

    def _fill_old(self, cells: dict[str, str]) -> str:
        values = _NULLS | self.constants | cells
        order = _OLD_ORDERS[zlib.crc32(cells["uuid"].encode()) % len(_OLD_ORDERS)]
        line = ",".join([f'"{key}":{values[key]}' for key in order])
        return "{" + line.replace("/", r"\/") + "}"


def stamp(milliseconds: int) -> str:
    """Amplitude's spelling of a moment, as JSON: UTC, no `T`, no zone, always six digits."""
    minute, rest = divmod(milliseconds, 60_000)
    return f'"{_minute(minute)}:{rest // 1000:02d}.{rest % 1000:03d}000"'


@lru_cache(maxsize=4096)
def _minute(minute: int) -> str:
    return (_EPOCH + timedelta(minutes=minute)).isoformat(" ", "minutes")[:16]
