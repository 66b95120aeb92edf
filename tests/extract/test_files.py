import gzip
from pathlib import Path
from zipfile import ZipFile

import pytest

from extract.archive import Archive
from extract.errors import ExtractError
from extract.files import Imported, import_files

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


def files(imported: Imported) -> list[str]:
    return [export.file for export in imported.added]


def test_a_folder_is_searched_to_its_depth_and_other_files_are_named(
    folder: Path, archive: Archive
) -> None:
    imported = import_files(str(folder), archive)
    assert files(imported) == ["files/day.zip", "files/old/hour.json.gz"]
    assert imported.skipped == [folder / "notes.txt", folder / "old" / "1_2024-01-05_0_complete"]
    assert archive.exports() == imported.added


def test_a_glob_takes_what_it_matches(folder: Path, archive: Archive) -> None:
    assert files(import_files(f"{folder}/**/*.gz", archive)) == ["files/hour.json.gz"]


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
