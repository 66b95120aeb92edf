"""What the User Profile API knows of each user, found by user id or by device id."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

Profile = dict[str, object]


class Stored(TypedDict):
    """A line of `profiles.ndjson`: everything that could be asked about a user."""

    user_id: str | None
    device_id: str | None
    amp_props: Profile
    computations: dict[str, str]
    cohort_ids: list[str]
    recommendations: list[str]
    propensity: float


@dataclass(frozen=True)
class Profiles:
    """Where each profile begins in the file; the profiles themselves stay on disk."""

    path: Path
    offsets: Mapping[tuple[str, str | None], int]

    @classmethod
    def read(cls, path: Path) -> "Profiles":
        """Index a file that the generator wrote, one profile a line."""
        offsets: dict[tuple[str, str | None], int] = {}
        offset = 0
        with path.open("rb") as file:
            for line in file:
                stored: Stored = json.loads(line)
                offsets["user_id", stored["user_id"]] = offset
                offsets.setdefault(("device_id", stored["device_id"]), offset)
                offset += len(line)
        return cls(path, offsets)

    def find(self, query: Mapping[str, str]) -> Profile | None:
        """Answer a query's `user_id`, else its `device_id`; None if it was not seen before."""
        key = "user_id" if query.get("user_id") else "device_id"
        offset = self.offsets.get((key, query.get(key)))
        if offset is None:
            return None
        with self.path.open("rb") as file:
            file.seek(offset)
            return _answer(json.loads(file.readline()), query)


def _answer(stored: Stored, query: Mapping[str, str]) -> Profile:
    props: Profile = stored["amp_props"] if _asks(query, "get_amp_props") else {}
    props |= _computed(stored["computations"], query)
    answer: Profile = {"user_id": stored["user_id"], "device_id": stored["device_id"]}
    answer["amp_props"] = props or None
    answer["cohort_ids"] = stored["cohort_ids"] if _asks(query, "get_cohort_ids") else None
    answer["recommendations"] = None
    if _asks(query, "get_recs"):
        answer["recommendations"] = _recommendations(stored["recommendations"], query)
    if _asks(query, "get_propensity"):
        answer |= _propensities(stored["propensity"], query)
    return answer


def _asks(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "false").lower() == "true"


def _computed(computations: dict[str, str], query: Mapping[str, str]) -> Profile:
    """All computed properties, or those of `comp_id`, null where there is no such."""
    if _asks(query, "get_computations"):
        return dict(computations)
    names = query.get("comp_id", "").split(",")
    return {name: computations.get(name) for name in names if name}


def _recommendations(items: list[str], query: Mapping[str, str]) -> list[Profile]:
    names = query.get("rec_id", "").split(",")
    fixed = {"is_control": False, "items": items, "last_updated": 1614192260}
    return [{"rec_id": name, "child_rec_id": name, **fixed} for name in names]


def _propensities(score: float, query: Mapping[str, str]) -> Profile:
    kind = query.get("propensity_type", "score")
    value = round(score * 100) if kind == "pct" else score
    names = query.get("prediction_id", "").split(",")
    found = [{"prop": value, "pred_id": name, "prop_type": kind} for name in names]
    return {"propensity": value, "propensities": found}
