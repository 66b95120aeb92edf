"""The tables of `raw`: the contract between extract and transform.

The other side of it is `dbt_project/models/staging/_staging__sources.yml`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from dlt.common.data_types import TDataType

from extract.keys import COLUMNS


@dataclass(frozen=True)
class Table:
    """A table; rows whose `key` it holds already are never inserted again."""

    name: str
    key: str
    columns: Mapping[str, TDataType]


EVENTS = Table(
    "events",
    "export_file",
    dict.fromkeys([*COLUMNS.values(), "extra", "export_file"], "text"),
)
BAD_LINES = Table(
    "bad_lines",
    "export_file",
    {
        "export_file": "text",
        "line_number": "bigint",
        "line": "text",
        "error": "text",
        "repaired": "bool",
    },
)
MERGED_USERS = Table(
    "merged_users",
    "export_file",
    dict.fromkeys(
        [
            "export_file",
            "scope",
            "merge_time",
            "merge_server_time",
            "amplitude_id",
            "merged_amplitude_id",
        ],
        "text",
    ),
)
EXPORTS = Table(
    "exports",
    "file",
    {
        "window_start": "timestamp",
        "window_end": "timestamp",
        "revision": "bigint",
        "status": "text",
        "file": "text",
        "sha256": "text",
        "bytes": "bigint",
        "members": "bigint",
        "lines": "bigint",
        "bad_lines": "bigint",
        "first_server_upload_time": "text",
        "last_server_upload_time": "text",
        "fetched_at": "timestamp",
        "attempts": "bigint",
    },
)
USER_PROFILES = Table(
    "user_profiles",
    "snapshot",
    {
        "snapshot": "text",
        "user_id": "text",
        "device_id": "text",
        "found": "bool",
        "user_data": "text",
        "fetched_at": "timestamp",
    },
)
TABLES = (EVENTS, MERGED_USERS, BAD_LINES, EXPORTS, USER_PROFILES)
