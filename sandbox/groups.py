"""The groups of a project: the first five types that it hears of, each group's newest properties.

Pure: arrivals in, groups out. An event's `$groups` claim their types; `$groupidentify` changes the
properties of one group. What comes for a sixth type is ignored without a word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sandbox.persons import Arrival

MAX_TYPES = 5


@dataclass(frozen=True, slots=True)
class Group:
    """One group, dated by the first `$groupidentify` that arrived for it."""

    type: str
    key: str
    created_at: datetime
    properties: Mapping[str, Any]


class Groups:
    """All groups of a project."""

    def __init__(self) -> None:
        self._types: list[str] = []
        self._groups: dict[tuple[str, str], Group] = {}
        self._changes: dict[tuple[str, str], Group] = {}

    def arrive(self, arrival: Arrival) -> None:
        """Take an event in."""
        named = arrival.properties.get("$groups")
        if isinstance(named, dict):
            for group_type in named:
                self._claim(group_type)
        if arrival.event == "$groupidentify" and arrival.has_person:
            self._identify(arrival)

    def changes(self) -> list[Group]:
        """Return the groups that have changed since the last call."""
        changes, self._changes = list(self._changes.values()), {}
        return changes

    def _identify(self, arrival: Arrival) -> None:
        told = arrival.properties
        group_type, key = told.get("$group_type"), told.get("$group_key")
        if not isinstance(group_type, str) or key is None or not self._claim(group_type):
            return
        named, changed = (group_type, str(key)), told.get("$group_set") or {}
        known = self._groups.get(named)
        before, since = (known.properties, known.created_at) if known else ({}, arrival.at)
        group = Group(*named, since, {**before, **changed})
        self._groups[named] = self._changes[named] = group

    def _claim(self, group_type: str) -> bool:
        if group_type not in self._types and len(self._types) < MAX_TYPES:
            self._types.append(group_type)
        return group_type in self._types
