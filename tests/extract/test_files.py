import gzip
from pathlib import Path
from zipfile import ZipFile

import pytest

from extract.archive import Archive
from extract.errors import ExtractError
from extract.files import Imported, import_files, import_store
from extract.folders import Folder
from extract.stores import Found

LINE = b'{"uuid":"%d"}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files as people keep them: two exports, one of them in a folder, and what else lies about."""
    folder = tmp_path / "exported"
    (folder / "old").mkdir(parents=True)
    with ZipFile(folder / "day.zip", "w") as archive:
        archive.writestr("1/1_2024-01-05_0#1.json.gz", gzip.compress(LINE % 1, mtime=0))
    (folder / "old" / "hour.json.gz").write_bytes(gzip.compress(LINE % 2, mtime=0))
    (folder / "notes.txt").write_text("about these files")
    (folder / "old" / "1_2024-01-05_0_complete").touch()
    return folder


class Counted(Folder):
    """A folder that remembers what was copied from it."""

    def __init__(self, pattern: str) -> None:
        super().__init__(pattern)
        self.fetched: list[str] = []

    def fetch(self, found: Found, path: Path) -> None:
        """Copy a file, and remember its name."""
        self.fetched.append(found.name)
        super().fetch(found, path)


def files(imported: Imported) -> list[str]:
    return [export.file for export in imported.added]


def test_a_folder_is_searched_to_its_depth_and_other_files_are_named(
    folder: Path, archive: Archive
) -> None:
    imported = import_files(str(folder), archive)
    assert files(imported) == ["files/day.zip", "files/old/hour.json.gz"]
    assert imported.skipped == [str(folder / "notes.txt")]
    assert imported.empty == 1
    assert archive.exports() == imported.added


def test_a_glob_takes_what_it_matches(folder: Path, archive: Archive) -> None:
    assert files(import_files(f"{folder}/**/*.gz", archive)) == ["files/old/hour.json.gz"]


def test_a_single_file_is_taken(folder: Path, archive: Archive) -> None:
    assert files(import_files(f"{folder}/day.zip", archive)) == ["files/day.zip"]


def test_a_name_that_reads_like_a_glob_is_still_a_name(folder: Path, archive: Archive) -> None:
    (folder / "day.zip").rename(folder / "day[1].zip")
    assert files(import_files(f"{folder}/day[1].zip", archive)) == ["files/day[1].zip"]


def test_the_same_content_comes_in_once_under_any_name(folder: Path, archive: Archive) -> None:
    (folder / "copy.zip").write_bytes((folder / "day.zip").read_bytes())
    first = import_files(str(folder), archive)
    again = import_files(str(folder), archive)
    assert (files(first), first.known) == (["files/copy.zip", "files/old/hour.json.gz"], 1)
    assert (again.added, again.known) == ([], 3)


def test_another_content_under_the_same_name_is_kept_beside_it(
    folder: Path, archive: Archive
) -> None:
    (hour,) = import_files(f"{folder}/old/*.gz", archive).added
    (folder / "old" / "hour.json.gz").write_bytes(gzip.compress(LINE % 3, mtime=0))
    (other,) = import_files(f"{folder}/old/*.gz", archive).added
    assert other.file == f"files/{other.sha256[:8]}/hour.json.gz"
    assert archive.exports() == sorted([hour, other], key=lambda export: export.file)
    assert gzip.decompress(archive.path(hour).read_bytes()) == LINE % 2
    assert gzip.decompress(archive.path(other).read_bytes()) == LINE % 3


@pytest.mark.parametrize(
    "name",
    [
        "a b.gz",
        "it's.gz",
        'say "hi".gz',
        "[1]*?.gz",
        "día ☀.gz",
        "-OrgID_2024-01-05_9.json.gz",
        "x.partial",
        "%20#1.json.gz",
        "line\nbreak.gz",
        "l" * 250 + ".gz",
    ],
)
def test_odd_names_are_only_names(tmp_path: Path, archive: Archive, name: str) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / name).write_bytes(gzip.compress(LINE % 1))
    (export,) = import_files(str(folder), archive).added
    archive.remove_partials()
    archive.verify(export)
    assert export.file == f"files/{name[:200]}"


def test_a_file_that_came_before_is_not_read_again_unless_it_changed(
    folder: Path, archive: Archive
) -> None:
    store = Counted(str(folder))
    import_store(store, archive)
    assert store.fetched == ["day.zip", "old/hour.json.gz"]
    assert import_store(store, archive).known == 2
    (folder / "old" / "hour.json.gz").write_bytes(gzip.compress(LINE % 30))
    assert import_store(store, archive).known == 1
    assert store.fetched == ["day.zip", "old/hour.json.gz", "old/hour.json.gz"]


def test_without_its_memory_a_run_finds_the_same_content_by_its_hash(
    folder: Path, archive: Archive
) -> None:
    import_files(str(folder), archive)
    (archive.folder / "sightings.ndjson").write_text('["torn')
    again = import_files(str(folder), archive)
    once_more = import_files(str(folder), archive)
    assert (again.added, again.known, once_more.known) == ([], 2, 2)
    assert len((archive.folder / "sightings.ndjson").read_text().split()) > 2


def test_a_file_that_left_the_archive_comes_in_again(folder: Path, archive: Archive) -> None:
    (export,) = import_files(f"{folder}/day.zip", archive).added
    archive.path(export).unlink()
    (archive.folder / "records" / f"{export.file}.json").unlink()
    assert files(import_files(f"{folder}/day.zip", archive)) == [export.file]


def test_a_damaged_file_is_named_and_kept_out_and_the_others_come_in(
    folder: Path, archive: Archive
) -> None:
    whole = gzip.compress(LINE * 50)
    for name, content in {
        "cut.json.gz": whole[:-9],
        "short.json.gz": whole[:4],
        "wrong CRC.json.gz": whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:],
        "cut.zip": (folder / "day.zip").read_bytes()[:-5],
    }.items():
        (folder / name).write_bytes(content)
    imported = import_files(str(folder), archive)
    assert files(imported) == ["files/day.zip", "files/old/hour.json.gz"]
    names = ["cut.json.gz", "cut.zip", "short.json.gz", "wrong CRC.json.gz"]
    for failure, name in zip(imported.failures, names, strict=True):
        assert str(failure).startswith(f"{folder / name} is not archived (")
        assert "\n" not in str(failure)
    assert not list(archive.folder.rglob("*.partial"))


def test_an_unreadable_file_is_named(folder: Path, archive: Archive) -> None:
    (folder / "gone.json").symlink_to(folder / "nowhere")
    (folder / "loop").symlink_to(folder)
    imported = import_files(str(folder), archive)
    assert files(imported) == ["files/day.zip", "files/old/hour.json.gz"]


@pytest.mark.parametrize("pattern", ["nowhere", "exported/*.csv", "exported/notes.txt", "empty"])
def test_nothing_there_is_one_line_that_names_the_setting(
    folder: Path, archive: Archive, pattern: str
) -> None:
    (folder.parent / "empty").mkdir()
    path = f"{folder.parent}/{pattern}"
    with pytest.raises(ExtractError) as raised:
        import_files(path, archive)
    assert str(raised.value).startswith(f"EXTRACT_FILES={path} holds no export")
    assert archive.exports() == []
