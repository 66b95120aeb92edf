"""Sightings: which file of a store became which file of the archive, so that no run asks twice.

    {DATA_DIR}/archive/sightings.ndjson    a line each: [origin, stamp, file of the archive]

Only a memory: without it everything is fetched once more, and known by its hash.
"""

import json
from collections.abc import Container, Iterator
from pathlib import Path

from extract.stores import Found


class Sightings:
    """What earlier runs brought in, as far as it is among the `archived` files still."""

    def __init__(self, path: Path, archived: Container[str]) -> None:
        self._path = path
        self._seen = {sight for sight, file in _read(path) if file in archived}
        # Ends the line that a killed run left unfinished.
        self._separator = "\n"

    def __contains__(self, found: Found) -> bool:
        return (found.origin, found.stamp) in self._seen

    def add(self, found: Found, file: str) -> None:
        """Remember that what was found is in the archive as `file`."""
        line = json.dumps([found.origin, found.stamp, file])
        with self._path.open("a") as lines:
            lines.write(f"{self._separator}{line}\n")
        self._separator = ""


def _read(path: Path) -> Iterator[tuple[tuple[str, str], str]]:
    if not path.exists():
        return
    with path.open() as lines:
        for line in lines:
            try:
                origin, stamp, file = json.loads(line)
            except ValueError:
                continue
            yield (origin, stamp), file
