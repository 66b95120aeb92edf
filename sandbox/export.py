"""Lines become what Amplitude's Export API hands out: a zip an hour, of gzip members in NDJSON.

The hour is that of server_upload_time. Lines go to disk as they come: an hour stays open only while
a scene can still upload into it. The same plan gives the same bytes.
"""

import shutil
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipFile, ZipInfo

from sandbox.stream import Kind, Line, lines
from sandbox.truth import Record, Truth
from sandbox.world import HOUR, Plan, scenes

_PARTITIONS = (7, 264, 627)
_FLUSH_LINES = 400
_GZIP = 16 + zlib.MAX_WBITS


def write_exports(plan: Plan, folder: Path) -> Truth:
    """Write `exports/*.zip`, the profiles and the truth about them; replaces what was there."""
    for name in ("exports", "responses"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "truth.json").unlink(missing_ok=True)
    (folder / "exports").mkdir(parents=True)
    hours = _Hours(plan, folder / "exports")
    with Record(folder) as record:
        for scene, written in lines(plan, scenes(plan)):
            hours.close_before(scene.since)
            hours.add(written)
            record.scene(scene, written)
        hours.close_before(plan.ends)
    return record.finish()


class _Hours:
    """The hours that are still open."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan, self._folder = plan, folder
        self._open: dict[int, _Hour] = {}

    def add(self, written: list[Line]) -> None:
        for line in written:
            number = line.upload // HOUR
            if number not in self._open:
                self._open[number] = _Hour(self._plan.app, number, self._folder)
            self._open[number].add(line)

    def close_before(self, moment: int) -> None:
        for number in [number for number in self._open if (number + 1) * HOUR <= moment]:
            self._open.pop(number).close()


@dataclass
class _Hour:
    """One hour's members, each written to a file of its own until the hour is packed."""

    app: int
    number: int
    folder: Path
    _waiting: list[tuple[int, int, bytes]] = field(default_factory=list)
    _members: dict[int, "_Member"] = field(default_factory=dict)

    def add(self, line: Line) -> None:
        self._waiting.append((line.upload, _partition(line), line.data))
        if len(self._waiting) >= _FLUSH_LINES:
            self._flush()

    def _flush(self) -> None:
        """Write in order of upload, so that one person's lines do not stand together."""
        shares: dict[int, list[bytes]] = {}
        for _, partition, line in sorted(self._waiting):
            shares.setdefault(partition, []).append(line)
        self._waiting.clear()
        for partition, share in shares.items():
            self._member(partition).write(share)

    def _member(self, partition: int) -> "_Member":
        if partition not in self._members:
            path = self.folder / f".{self.number}_{partition}"
            self._members[partition] = _Member(path, path.open("wb"))
        return self._members[partition]

    def close(self) -> None:
        self._flush()
        hour = datetime.fromtimestamp(self.number * HOUR // 1000, UTC)
        with ZipFile(self.folder / f"{hour:%Y-%m-%dT%H}.zip", "w") as archive:
            for partition, member in sorted(self._members.items()):
                # One member in three ends without a newline, as some of Amplitude's do.
                member.close(newline=partition != _PARTITIONS[0])
                name = f"{self.app}/{self.app}_{hour:%Y-%m-%d}_{hour.hour}#{partition}.json.gz"
                _pack(archive, ZipInfo(name), member.path)


def _partition(line: Line) -> int:
    """Keep a person's lines together, but send copies to another partition."""
    shift = line.kind is Kind.DUPLICATE
    return _PARTITIONS[(line.row.visit.who.amplitude_id // 4 + shift) % len(_PARTITIONS)]


class _Member:
    """One gzip file that grows."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        self._gzip = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
        self._begun = False

    def write(self, share: list[bytes]) -> None:
        text = b"\n".join(share)
        self._file.write(self._gzip.compress(b"\n" + text if self._begun else text))
        self._begun = True

    def close(self, *, newline: bool) -> None:
        with self._file as file:
            file.write(self._gzip.compress(b"\n" if newline else b""))
            file.write(self._gzip.flush())


def _pack(archive: ZipFile, info: ZipInfo, path: Path) -> None:
    with path.open("rb") as source, archive.open(info, "w") as target:
        shutil.copyfileobj(source, target)
    path.unlink()
