"""Limits: what an export can hold, so that a zip bomb or damage fills neither disk nor memory.

Pure. Amplitude compresses 9:1 and answers at most 4 GB, so no real export comes near any of them.
"""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

_ENCRYPTED = 0x1
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class LimitExceeded(Exception):  # noqa: N818 - reads as what happened
    """A zip or one of its members is not what an export can be; the message is the reason."""


@dataclass(frozen=True)
class Limits:
    """The most that is taken; below `free_bytes` a member may expand as much as it likes."""

    members: int = 50_000
    member_bytes: int = 64 << 30
    expansion: int = 300
    free_bytes: int = 100 << 20


LIMITS = Limits()


class Gauge:
    """Counts what comes out of one packed member, and stops it at the limits."""

    def __init__(self, name: str, packed_bytes: int, limits: Limits) -> None:
        self._name, self._limits = name, limits
        self._most_expanded = max(limits.free_bytes, packed_bytes * limits.expansion)
        self.bytes = 0

    def add(self, count: int) -> None:
        """Count some more unpacked bytes.

        Raises:
            LimitExceeded: no export unpacks to so much.
        """
        self.bytes += count
        if self.bytes > self._limits.member_bytes:
            raise LimitExceeded(
                f"{self._name} unpacks to more than {self._limits.member_bytes:,} bytes"
            )
        if self.bytes > self._most_expanded:
            raise LimitExceeded(f"{self._name} expands more than {self._limits.expansion}-fold")


def check_directory(entries: Sequence[zipfile.ZipInfo], limits: Limits) -> None:
    """Refuse by what a zip says of itself, before anything is unpacked.

    Raises:
        LimitExceeded: it has too many members, or one that is too large or cannot be unpacked.
    """
    if len(entries) > limits.members:
        raise LimitExceeded(f"it has {len(entries):,} members, and {limits.members:,} are the most")
    for entry in entries:
        if entry.flag_bits & _ENCRYPTED:
            raise LimitExceeded(f"{entry.filename} is encrypted")
        if entry.compress_type not in _METHODS:
            raise LimitExceeded(
                f"{entry.filename} is compressed by method {entry.compress_type}, not by deflate"
            )
        Gauge(entry.filename, entry.compress_size, limits).add(entry.file_size)


def check_size(entry: zipfile.ZipInfo, unpacked_bytes: int) -> None:
    """Refuse a member that is not as long as the zip's directory declares.

    Raises:
        LimitExceeded: it is not.
    """
    if unpacked_bytes != entry.file_size:
        raise LimitExceeded(
            f"{entry.filename} unpacks to {unpacked_bytes:,} bytes, but the zip declares "
            f"{entry.file_size:,}"
        )
