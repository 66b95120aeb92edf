import pytest

from extract.archive import Archive
from extract.shelf import Shelf
from extract.stores import Found

SHA256 = "0123456789abcdef" * 4


def take(archive: Archive, *names: str) -> list[str]:
    shelf = Shelf(archive)
    for number, name in enumerate(names):
        partial = archive.new_partial()
        partial.write_bytes(bytes([number]))
        shelf.take(Found(name, name, "stamp", 1), partial, f"{number}{SHA256}"[:64])
    return sorted(export.file for export in archive.exports())


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("../../x", "files/x"),
        ("/etc/passwd", "files/etc/passwd"),
        ("a//b/./c", "files/a/b/c"),
        ("..", "files/unnamed"),
        ("é" * 150, "files/" + "é" * 100),
        ("a\0b", "files/ab"),
        ("\udcff.gz", "files/\\udcff.gz"),
    ],
)
def test_no_name_leads_out_of_the_archive_or_is_refused_by_a_disk(
    archive: Archive, name: str, file: str
) -> None:
    assert take(archive, name) == [file]


@pytest.mark.parametrize(
    "names", [("a", "A"), ("e\u0301", "\u00e9"), ("a", "a/b"), ("a/b", "a"), ("a", "a.json/b")]
)
def test_names_that_a_disk_may_take_for_one_are_told_apart_by_the_hash(
    archive: Archive, names: tuple[str, str]
) -> None:
    first, second = names
    assert take(archive, *names) == sorted([f"files/{first}", f"files/10123456/{second}"])
