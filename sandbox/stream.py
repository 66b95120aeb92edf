"""Scenes become lines, and every so often something is odd, doubled or broken.

Oddities take turns, so that a small world has them all. Broken lines are frequent at first and rare
later: a project has a few bad lines, not a share of them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from sandbox.line import stamp
from sandbox.oddity import ODDITIES, add
from sandbox.world import HOUR, Plan, Row, Scene

_ODD_EVERY = 16
_DOUBLED_EVERY = 45
_BROKEN_EVERY = 60
_BROKEN_EVERY_LATER = 50_000
_FIRST_ROWS = 3_000


class Kind(Enum):
    """What a reader must make of a line; a repairable one is an event like the others."""

    EVENT = "event"
    REPAIRABLE = "repairable"
    DUPLICATE = "duplicate"
    BAD = "bad"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the export that is uploaded at `upload`."""

    kind: Kind
    row: Row
    upload: int
    data: bytes


_BREAKS: tuple[Callable[[bytes], bytes], ...] = (
    lambda line: line[: len(line) // 2],
    lambda line: line.replace(b'"uuid":"', b'"uuid":"\xff\xfe', 1),
    lambda line: line.replace(b'"uuid":"', b'"uuid":"\x01', 1),
    lambda line: b"[" + line + b"]",
    lambda _: b"null",
)
_ODD = tuple(ODDITIES.values())


def lines(plan: Plan, scenes: Iterable[Scene]) -> Iterator[tuple[Scene, list[Line]]]:
    """Write each scene's lines, the extra ones included."""
    count = 0
    for scene in scenes:
        written: list[Line] = []
        for row in scene.rows:
            count += 1
            written += _lines(plan, scene, row, count)
        yield scene, written


def _lines(plan: Plan, scene: Scene, row: Row, count: int) -> Iterator[Line]:
    if count % _ODD_EVERY == 0:
        row.cells |= _ODD[count // _ODD_EVERY % len(_ODD)](row)
    every = _BROKEN_EVERY if count <= _FIRST_ROWS else _BROKEN_EVERY_LATER
    if count % every == 0:
        yield from _broken(row, count // every)
        return
    yield Line(Kind.EVENT, row, row.upload, _data(row))
    if count % _DOUBLED_EVERY == 0:
        yield _double(plan, scene, row, count // _DOUBLED_EVERY)


def _data(row: Row) -> bytes:
    return row.form.fill(row.cells).encode()


def _broken(row: Row, turn: int) -> Iterator[Line]:
    """Yield the row, and beside it a bad line, a blank one or, within it, half an emoji."""
    choice = turn % (len(_BREAKS) + 2)
    if choice == 0:
        row.cells["event_properties"] = add(row.cells["event_properties"], r'"cut":"tea \ud83e"')
        yield Line(Kind.REPAIRABLE, row, row.upload, _data(row))
        return
    yield Line(Kind.EVENT, row, row.upload, _data(row))
    if choice > len(_BREAKS):
        yield Line(Kind.BLANK, row, row.upload, b"")
    else:
        yield Line(Kind.BAD, row, row.upload, _BREAKS[choice - 1](_data(row)))


def _double(plan: Plan, scene: Scene, row: Row, turn: int) -> Line:
    """Write the row again: as it was, or hours later with corrected properties.

    The later one counts, so it comes only where one person is alone in the scene: elsewhere it
    would change who came first on a device.
    """
    upload = row.upload + (1 + turn % 3) * HOUR
    if plan.silence <= upload < plan.silence + HOUR:
        upload += HOUR
    if turn % 2 or len(scene.persons) > 1 or upload >= plan.ends:
        return Line(Kind.DUPLICATE, row, row.upload, _data(row))
    cells = {**row.cells, "server_upload_time": stamp(upload), "processed_time": stamp(upload + 9)}
    cells["event_properties"] = add(cells["event_properties"], f'"corrected":{turn}')
    return Line(Kind.DUPLICATE, row, upload, row.form.fill(cells).encode())
