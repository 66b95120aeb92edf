"""What is read from the environment and `.env`, and what is said when it cannot be."""

from pathlib import Path

import pytest

from pipeline.errors import SettingError
from pipeline.settings import Settings, load_environment


def read_file(folder: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Read settings from an environment file with this content."""
    file = folder / "settings.env"
    file.write_bytes(content)
    monkeypatch.setenv("ENV_FILE", str(file))
    for name in Settings.model_fields:
        # Set and deleted again, so that what the file sets is undone after the test.
        monkeypatch.setenv(name.upper(), "")
        monkeypatch.delenv(name.upper())
    load_environment()
    return Settings.read()


@pytest.mark.parametrize(
    "line",
    [
        b"DATA_DIR=/a b",
        b'DATA_DIR="/a b"',
        b"export DATA_DIR='/a b' # a comment",
        b"\xef\xbb\xbfDATA_DIR=/a b\r\n",
    ],
)
def test_a_line_may_be_written_as_people_write_it(
    line: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert read_file(tmp_path, line, monkeypatch).data_dir == Path("/a b")


@pytest.mark.parametrize("line", [b'DATA_DIR="/a', b"DATA_DIR : /a", b"DATA_DIR=\xff"])
def test_a_line_that_cannot_be_read_stops_the_run(
    line: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SettingError, match=r"settings\.env"):
        read_file(tmp_path, b"DUCKDB_THREADS=1\n" + line, monkeypatch)


def test_a_file_that_is_named_must_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENV_FILE", str(tmp_path / "absent"))
    with pytest.raises(SettingError, match="check ENV_FILE"):
        load_environment()


def test_the_home_folder_may_be_written_as_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATA_DIR", "~/data")
    assert Settings.read().data_dir == Path.home() / "data"


@pytest.mark.parametrize("limit", ["4", "80%", "0GB", "1MB", "1KB", "lots"])
def test_a_memory_limit_that_nothing_fits_into_is_refused(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DUCKDB_MEMORY_LIMIT", limit)
    with pytest.raises(SettingError, match="DUCKDB_MEMORY_LIMIT is not usable: give an amount"):
        Settings.read()
