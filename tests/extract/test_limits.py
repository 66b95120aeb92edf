import gzip
import io
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from extract.errors import FileUnreadable
from extract.limits import Limits
from extract.members import check, unpack

SMALL = Limits(members=3, member_bytes=10_000, expansion=20, free_bytes=1_000)
LINES = b'{"uuid":"1"}\n' * 50
ZEROS = b"\n" * 5_000


def zipped(*contents: bytes, method: int = ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w", method) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.json.gz", content)
    return file.getvalue()


def with_declared_size(content: bytes, size: int) -> bytes:
    """Let a zip's directory and its one local header claim another unpacked size."""
    claim = size.to_bytes(4, "little")
    directory = content.index(b"PK\x01\x02")
    local = content[:22] + claim + content[26:directory]
    return local + content[directory : directory + 24] + claim + content[directory + 28 :]


def with_encryption(content: bytes) -> bytes:
    directory = content.index(b"PK\x01\x02")
    return content[: directory + 8] + b"\x01" + content[directory + 9 :]


BEYOND = {
    "too many members": (zipped(*[b""] * 4), "it has 4 members, and 3 are the most"),
    "a large member": (zipped(b"\n" * 10_001), "0.json.gz unpacks to more than 10,000 bytes"),
    "a large gzip": (
        gzip.compress(bytes(range(10, 250)) * 50, 0),
        "unpacks to more than 10,000 bytes",
    ),
    "a zip bomb": (zipped(ZEROS, method=ZIP_DEFLATED), "0.json.gz expands more than 20-fold"),
    "a gzip bomb": (gzip.compress(ZEROS), "expands more than 20-fold"),
    "a gzip bomb in a zip": (zipped(gzip.compress(ZEROS)), "expands more than 20-fold"),
    "encryption": (with_encryption(zipped(LINES)), "0.json.gz is encrypted"),
    "another method": (
        zipped(LINES, method=ZIP_BZIP2),
        "0.json.gz is compressed by method 12, not by deflate",
    ),
}


@pytest.mark.parametrize(("content", "reason"), BEYOND.values(), ids=BEYOND)
def test_what_no_export_can_be_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "export"
    path.write_bytes(content)
    assert reason in str(check(path, SMALL))
    with pytest.raises(FileUnreadable) as raised:
        unpack(path, "export", tmp_path / "scratch", SMALL)
    line = str(raised.value)
    assert line.startswith(f"{path} is refused: ")
    assert reason in line
    assert "EXTRACT_FILES" in line
    assert "\n" not in line


@pytest.mark.parametrize("method", [ZIP_STORED, ZIP_DEFLATED])
@pytest.mark.parametrize("size", [0, len(LINES) - 13, len(LINES) + 13])
def test_a_member_is_as_long_as_its_zip_declares(tmp_path: Path, method: int, size: int) -> None:
    path = tmp_path / "export"
    path.write_bytes(with_declared_size(zipped(LINES, method=method), size))
    assert check(path, SMALL)
    with pytest.raises(FileUnreadable):
        unpack(path, "export", tmp_path / "scratch", SMALL)


@pytest.mark.parametrize(
    "content",
    [
        zipped(LINES, LINES, LINES, method=ZIP_DEFLATED),
        zipped(gzip.compress(LINES)),
        gzip.compress(LINES),
        LINES,
        gzip.compress(b"\n" * 1_000),
    ],
)
def test_what_stays_within_the_limits_is_taken(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "export"
    path.write_bytes(content)
    assert check(path, SMALL) is None
    unpack(path, "export", tmp_path / "scratch", SMALL)
