import gzip
import io
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import pytest

from extract.errors import FileUnreadable
from extract.members import Member, check_zip, numbered, unpack

NAME = "100042/100042_2024-01-05_9#627.json.gz"
LINES = b'{"a":1}\n{"a":2}\n'
LONG = b'{"a":"' + b"x" * (5 << 19) + b'"}'


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(ZipInfo(name), content)
    return file.getvalue()


def unpacked(folder: Path, content: bytes, name: str = "export") -> list[Member]:
    path = folder / name
    path.write_bytes(content)
    return unpack(path, name, folder / "scratch")


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (b"", []),
        (b"{}", [1]),
        (b"{}\n", [1]),
        (b"{}\r\n{}\r\n", [1, 2]),
        (b"\n{}\n\n \t\r\n\x0b\x0c\n{}", [2, 6]),
        (LONG, [1]),
        (b"\n" + LONG + b"\n" + LONG + b"\n\n" + LONG, [2, 3, 5]),
        (b"{}\n" * 700_000, list(range(1, 700_001))),
    ],
    ids=["empty", "no newline", "newline", "CRLF", "blank", "long", "longer", "chunks"],
)
def test_lines_are_counted_and_numbered_but_for_blank_ones(
    tmp_path: Path, text: bytes, lines: list[int]
) -> None:
    (plain,) = unpacked(tmp_path, text, "plain")
    (packed,) = unpacked(tmp_path, gzip.compress(text, 1), "packed")

    for member in (plain, packed):
        assert member.lines == len(lines)
        found = list(numbered(member.path))
        assert [position for position, _, _ in found] == list(range(1, len(lines) + 1))
        assert [number for _, number, _ in found] == lines
        split = [line for line in text.split(b"\n") if line.strip()]
        assert [line for _, _, line in found] == split


def test_a_zip_of_gzip_members_has_one_member_each(tmp_path: Path) -> None:
    content = zipped({NAME: gzip.compress(LINES), "a/b/c.json.gz": gzip.compress(b"{}")})
    members = unpacked(tmp_path, content)
    assert [(member.name, member.lines) for member in members] == [
        (f"export/{NAME}", 2),
        ("export/a/b/c.json.gz", 1),
    ]


def test_layers_are_told_by_their_bytes_and_not_by_their_names(tmp_path: Path) -> None:
    content = zipped({"plain.json.gz": LINES, "packed.json": gzip.compress(LINES), "empty.gz": b""})
    assert [member.lines for member in unpacked(tmp_path, content, "a.json")] == [2, 2, 0]
    assert [member.lines for member in unpacked(tmp_path, gzip.compress(LINES), "b.zip")] == [2]
    assert [member.lines for member in unpacked(tmp_path, LINES, "c.json.gz")] == [2]


def test_folders_and_empty_zips_hold_nothing(tmp_path: Path) -> None:
    assert unpacked(tmp_path, zipped({"folder/": b""})) == []
    assert unpacked(tmp_path, zipped({})) == []


@pytest.mark.parametrize("name", ["../x", "/x", "../../../x.json.gz", "a/../../x", "*", "a?[b].gz"])
def test_a_member_is_never_written_outside_the_scratch_folder(tmp_path: Path, name: str) -> None:
    (member,) = unpacked(tmp_path, zipped({name: LINES}))
    assert (member.name, member.lines) == (f"export/{name}", 2)
    files = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {tmp_path / "export", tmp_path / "scratch" / "0.json"}


def test_a_gzip_of_several_parts_is_read_to_its_end(tmp_path: Path) -> None:
    (member,) = unpacked(tmp_path, gzip.compress(LINES) + gzip.compress(LINES))
    assert member.lines == 4


def test_a_lone_surrogate_is_noticed_wherever_it_stands(tmp_path: Path) -> None:
    odd = LONG + b"\n" + rb'{"a":"\ud83d"}' + b"\n" + LONG
    assert [member.has_lone_surrogate for member in unpacked(tmp_path, odd)] == [True]
    assert [member.has_lone_surrogate for member in unpacked(tmp_path, LONG)] == [False]


WHOLE = gzip.compress(LINES * 50)
WRONG_CRC = WHOLE[:-8] + bytes([WHOLE[-8] ^ 1]) + WHOLE[-7:]
ZIP = zipped({"one": WHOLE, "two": WHOLE})


def flipped(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


@pytest.mark.parametrize(
    "content",
    [
        WHOLE[: len(WHOLE) // 2],
        WHOLE[:-1],
        WRONG_CRC,
        WHOLE + b"more",
        zipped({"sound": WHOLE, "cut": WHOLE[:-9]}),
        zipped({"wrong CRC": WRONG_CRC}),
        ZIP[:4],
        ZIP[: len(ZIP) // 2],
        ZIP[:-1],
    ],
)
def test_a_damaged_export_is_one_line_that_names_it(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(FileUnreadable) as raised:
        unpacked(tmp_path, content)
    assert str(raised.value).startswith(f"{tmp_path / 'export'} is damaged (")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("position", range(2, len(ZIP), 5))
def test_a_flipped_byte_is_an_error_or_no_loss(tmp_path: Path, position: int) -> None:
    """A flip in the date of a member does no harm; in the directory it can hide one."""
    try:
        members = unpacked(tmp_path, flipped(ZIP, position))
    except FileUnreadable:
        return
    assert all(member.lines == 100 for member in members)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Too many requests",
        b"<html>",
        ZIP[:-1],
        ZIP[: len(ZIP) // 2],
        flipped(ZIP, 60),
        flipped(ZIP, ZIP.index(b"PK\x01\x02") + 8),
        flipped(ZIP, ZIP.index(b"PK\x01\x02") + 10),
        flipped(ZIP, len(ZIP) - 3),
    ],
)
def test_a_download_that_is_no_whole_zip_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "download").write_bytes(content)
    assert check_zip(tmp_path / "download")


def test_a_whole_zip_has_no_fault(tmp_path: Path) -> None:
    (tmp_path / "download").write_bytes(ZIP)
    assert check_zip(tmp_path / "download") is None
