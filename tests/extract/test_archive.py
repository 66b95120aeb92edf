import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from extract.archive import Archive, Export, digest
from extract.errors import ExtractError, FileUnreadable, WindowFailed
from extract.windows import HOUR, Window

FIRST = datetime(2024, 1, 5, tzinfo=UTC)
DAY = Window(FIRST, FIRST + 23 * HOUR)
NIGHT = Window(FIRST + 24 * HOUR, FIRST + 27 * HOUR)


def answer(content: bytes, attempts: int = 1) -> Callable[[Path], tuple[bool, int]]:
    def fetch(path: Path) -> tuple[bool, int]:
        if content:
            path.write_bytes(content)
        return bool(content), attempts

    return fetch


def names(archive: Archive) -> list[str]:
    """Every file of the archive."""
    files = (path for path in archive.folder.rglob("*") if path.is_file())
    return sorted(path.relative_to(archive.folder).as_posix() for path in files)


def test_an_export_is_kept_byte_for_byte_and_its_record_is_read_back_equal(
    archive: Archive,
) -> None:
    export = archive.add_window(DAY, answer(b"PK bytes", attempts=3))
    assert archive.path(export).read_bytes() == b"PK bytes"
    assert (export.file, export.window, export.status) == (f"{DAY.name}.zip", DAY, "loaded")
    assert (export.bytes, export.attempts) == (8, 3)
    assert archive.exports() == [export]
    assert names(archive) == [f"{DAY.name}.zip", f"records/{DAY.name}.zip.json"]


def test_an_hour_asked_again_stands_beside_the_first_answer(archive: Archive) -> None:
    first = archive.add_window(DAY, answer(b"PK bytes"))
    second = archive.add_window(DAY, answer(b"PK more bytes"), revision=2)
    empty = archive.add_window(DAY, answer(b""), revision=3)
    assert [(e.file, e.revision) for e in (first, second, empty)] == [
        (f"{DAY.name}.zip", 1),
        (f"{DAY.name}.r2.zip", 2),
        (f"{DAY.name}.r3.empty", 3),
    ]
    assert archive.path(first).read_bytes() == b"PK bytes"
    assert sorted(archive.exports(), key=lambda export: export.revision) == [first, second, empty]


@pytest.mark.parametrize("content", [b"PK bytes", b""])
def test_a_suspicion_is_recorded_and_the_bytes_are_as_they_were(
    archive: Archive, content: bytes
) -> None:
    export = archive.add_window(NIGHT, answer(content))
    suspicious = archive.suspect(export)
    assert (suspicious.status, suspicious.has_data) == ("suspicious", bool(content))
    assert archive.exports() == [suspicious]
    archive.verify(suspicious)


def test_an_empty_window_is_remembered(archive: Archive) -> None:
    export = archive.add_window(NIGHT, answer(b""))
    assert (export.file, export.status, export.bytes) == (f"{NIGHT.name}.empty", "empty", 0)
    assert Archive(archive.folder).exports() == [export]


def test_what_fetch_raises_goes_through_and_nothing_is_archived(archive: Archive) -> None:
    def fetch(path: Path) -> tuple[bool, int]:
        path.write_bytes(b"PK half")
        raise WindowFailed("refused")

    with pytest.raises(WindowFailed, match="refused"):
        archive.add_window(DAY, fetch)
    archive.remove_partials()
    assert names(archive) == []


class Killed(BaseException):
    """Stands for a signal that nothing can catch."""


class Watch:
    """Counts what Python asks of the file system, and strikes at a given count."""

    def __init__(self) -> None:
        self._left = 0
        sys.addaudithook(self._see)

    def _see(self, event: str, _: object) -> None:
        if self._left and event in {"open", "os.rename", "os.mkdir"}:
            self._left -= 1
            if not self._left:
                raise Killed

    @contextmanager
    def striking_at(self, count: int) -> Iterator[None]:
        """Let `count` - 1 calls pass."""
        self._left = count
        try:
            yield
        finally:
            self._left = 0


@pytest.fixture(scope="module")
def watch() -> Watch:
    return Watch()


@pytest.mark.parametrize("content", [b"PK bytes", b""])
def test_killed_between_any_two_steps_nothing_half_written_counts_as_archived(
    tmp_path: Path, watch: Watch, content: bytes
) -> None:
    survived: list[bool] = []
    for step in range(1, 30):
        folder = tmp_path / str(step)
        with suppress(Killed), watch.striking_at(step):
            Archive(folder).add_window(DAY, answer(content))
        archive = Archive(folder)
        archive.remove_partials()
        for export in archive.exports():
            archive.verify(export)
        survived.append(bool(archive.exports()))
        export = archive.add_window(DAY, answer(content))
        assert archive.exports() == [export]
        assert archive.path(export).read_bytes() == content
        assert len(names(archive)) == 2
    assert survived.index(True) > 5
    assert survived == sorted(survived)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '"x"', "{}", '{"window": 5}', '{"window": {"first": "now"}}']
)
def test_a_damaged_record_is_one_line_that_names_it(archive: Archive, text: str) -> None:
    archive.add_window(DAY, answer(b"PK bytes"))
    record = archive.folder / "records" / f"{DAY.name}.zip.json"
    record.write_text(text)
    with pytest.raises(FileUnreadable, match=r"is damaged.*: delete it and run") as raised:
        archive.exports()
    assert str(raised.value).startswith(str(record))
    assert "\n" not in str(raised.value)


def test_a_file_that_is_gone_is_one_line_that_names_it(archive: Archive) -> None:
    export = archive.add_window(DAY, answer(b"PK bytes"))
    archive.path(export).unlink()
    with pytest.raises(FileUnreadable, match=rf"{DAY.name}\.zip is gone: put it back, or delete"):
        archive.exports()


def test_bytes_that_changed_are_told_by_their_digest(archive: Archive) -> None:
    export = archive.add_window(DAY, answer(b"PK bytes"))
    archive.verify(export)
    archive.path(export).write_bytes(b"PK bytez")
    with pytest.raises(FileUnreadable, match=rf"{DAY.name}\.zip has changed since"):
        archive.verify(export)


def test_files_are_copied_with_their_folders_and_no_window(archive: Archive) -> None:
    source = archive.folder.parent / "2019.json.gz"
    source.write_bytes(b"\x1f\x8b bytes")
    export = archive.add_file(source, "old/2019.json.gz")
    assert (export.file, export.window) == ("files/old/2019.json.gz", None)
    assert export.sha256 == digest(source)
    assert archive.exports() == [export]
    assert source.exists()


def test_only_what_was_left_half_written_is_removed(archive: Archive) -> None:
    source = archive.folder.parent / "mine.partial"
    source.write_bytes(b"{}")
    mine = archive.add_file(source, "mine.partial")
    (archive.folder / f"{DAY.name}.partial").write_bytes(b"PK half")
    archive.remove_partials()
    assert names(archive) == ["files/mine.partial", "records/files/mine.partial.json"]
    assert archive.exports() == [mine]


def test_records_stand_in_the_order_of_their_windows(archive: Archive) -> None:
    later, earlier = (archive.add_window(window, answer(b"PK")) for window in (NIGHT, DAY))
    assert archive.exports() == [earlier, later]


def test_a_record_says_what_it_is_to_whoever_opens_it(archive: Archive) -> None:
    export: Export = archive.add_window(DAY, answer(b"PK bytes"))
    record = json.loads((archive.folder / "records" / f"{export.file}.json").read_text())
    assert record["window"]["first"] == "2024-01-05T00:00:00+00:00"
    assert record["sha256"] == export.sha256


def test_an_archive_belongs_to_the_project_whose_exports_it_holds(archive: Archive) -> None:
    archive.claim("mistyped")
    archive.claim("first")
    archive.add_window(Window(FIRST, FIRST), lambda _: (False, 1))
    archive.claim("first")
    with pytest.raises(ExtractError, match="DATA_DIR of its own"):
        archive.claim("second")


def test_a_claim_that_stands_is_not_written_again(archive: Archive) -> None:
    """A run killed while it rewrote the claim left none, and the next one refused the archive."""
    archive.claim("mine")
    owner = archive.folder / "project"
    os.utime(owner, (0, 0))
    archive.claim("mine")
    assert owner.stat().st_mtime == 0
