"""Whom to ask a profile for: users, and devices that were never seen with a user id."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from extract.raw import RawTables

Kind = Literal["user_id", "device_id"]

_WHICH: Mapping[Kind, str] = {
    "user_id": "true",
    "device_id": "not bool_or(coalesce(trim(user_id) <> '', false))",
}
# A question that failed counts as not asked.
_STALE = """
with profiles as (
    select {kind} as id, max(fetched_at) as fetched_at
    from raw.user_profiles
    where {kind} is not null and (found or user_data is null)
    group by id
),
subjects as (
    select {kind} as id, max(try_cast(server_upload_time as timestamp)) as last_upload_at
    from raw.events
    where trim({kind}) <> ''
    group by {kind}
    having {which}
)
select id
from subjects
left join profiles using (id)
where fetched_at is null or fetched_at < coalesce(?, last_upload_at at time zone 'UTC')
order by id
"""


@dataclass(frozen=True)
class Subject:
    """A user or a device; `kind` is the API's parameter."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        return f"the profile of {self.kind.removesuffix('_id')} {self.id!r}"


def find_subjects(
    raw: RawTables, *, anonymous: bool, refresh_since: datetime | None
) -> list[Subject]:
    """Who has an event that is younger than the newest profile, or no profile.

    With `refresh_since`, it is everybody whose newest profile is older than that.
    """
    kinds: tuple[Kind, ...] = ("user_id", "device_id") if anonymous else ("user_id",)
    return [
        Subject(kind, name)
        for kind in kinds
        for (name,) in raw.query(_STALE.format(kind=kind, which=_WHICH[kind]), refresh_since)
    ]
