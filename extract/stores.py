"""Stores: the places where files exported earlier lie, all seen in the same way."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

_MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Found:
    """A file in a store, as its listing tells.

    `name` is its path below what was asked for; `stamp` differs when the content may differ.
    """

    origin: str
    name: str
    stamp: str
    bytes: int


class Store(Protocol):
    """What matches the setting EXTRACT_FILES."""

    def find(self) -> list[Found]:
        """List every file, in the order of their names."""

    def peek(self, found: Found) -> bytes:
        """Read the first `formats.HEAD_BYTES` of a file."""

    def fetch(self, found: Found, path: Path) -> None:
        """Copy a file to `path`."""


def has_magic(path: str) -> bool:
    """Whether a path can be a glob."""
    return _MAGIC.search(path) is not None


def root_of(path: str) -> str:
    """The folder, with its slash, below which everything lies that a file's path or a glob names.

    It is empty for a name without a folder.
    """
    plain = _MAGIC.split(path, maxsplit=1)[0]
    return plain[: plain.rfind("/") + 1]
