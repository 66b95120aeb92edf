"""Against an S3 server on the loopback interface, with the real client."""

import gzip
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from signal import SIGKILL
from typing import Any

import fsspec  # type: ignore[import-untyped]
import pytest
from moto.server import ThreadedMotoServer

from extract.archive import Archive
from extract.buckets import Bucket
from extract.errors import ExtractError
from extract.files import Imported, import_files, import_store
from tests.extract.conftest import Stage

LINE = b'{"event_type":"a","uuid":"%d"}\n'
NAMES = (
    "42/42_2024-01-05_9#1.json.gz",
    "42/42_2024-01-05_10#1.json.gz",
    '42/it\'s "odd" [1]*? día ☀.json.gz',
    "43/deep/er/x",
)
_numbers = count()


@dataclass(frozen=True)
class S3:
    """A bucket of its own on the server, and the settings of whoever reads it."""

    client: Any
    name: str
    settings: dict[str, str]

    @property
    def url(self) -> str:
        """The bucket, as EXTRACT_FILES names it."""
        return f"s3://{self.name}"

    def put(self, key: str, content: bytes) -> None:
        """Store an object."""
        self.client.pipe(f"{self.name}/{key}", content)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(server: str, monkeypatch: pytest.MonkeyPatch) -> S3:
    settings = {
        "AWS_ENDPOINT_URL": server,
        "AWS_ACCESS_KEY_ID": "an-access-key",
        "AWS_SECRET_ACCESS_KEY": "an-access-secret",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    client = fsspec.filesystem("s3", skip_instance_cache=True)
    s3 = S3(client, f"exports-{next(_numbers)}", settings)
    client.mkdir(s3.name)
    for number, name in enumerate(NAMES):
        s3.put(name, gzip.compress(LINE % number, mtime=0))
    s3.put("42/42_2024-01-05_9_complete", b"")
    return s3


@pytest.fixture
def asked(caplog: pytest.LogCaptureFixture, s3: S3) -> Callable[[], list[str]]:
    """What the server's own log says it was asked for since the last time."""
    caplog.set_level(logging.INFO, "werkzeug")

    def asked() -> list[str]:
        lines = [line for line in caplog.messages if s3.name in line]
        caplog.clear()
        return lines

    return asked


def files(imported: Imported) -> set[str]:
    return {export.file.removeprefix("files/") for export in imported.added}


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("", set(NAMES)),
        ("/", set(NAMES)),
        ("/42", {name.removeprefix("42/") for name in NAMES[:3]}),
        ("/42/", {name.removeprefix("42/") for name in NAMES[:3]}),
        ("/43/deep/er/x", {"x"}),
        (f"/{NAMES[2]}", {NAMES[2].removeprefix("42/")}),
        ("/*/*.gz", set(NAMES[:3])),
        ("/**/x", {"43/deep/er/x"}),
        ("/42/42_2024", {name.removeprefix("42/") for name in NAMES[:2]}),
    ],
)
def test_a_bucket_a_folder_a_file_a_glob_or_a_beginning_names_what_comes_in(
    s3: S3, archive: Archive, path: str, names: set[str]
) -> None:
    imported = import_files(s3.url + path, archive)
    assert files(imported) == names
    assert imported.failures == []
    for export in imported.added:
        archive.verify(export)
        assert gzip.decompress(archive.path(export).read_bytes()).startswith(b'{"event_type"')


def test_a_second_run_lists_and_fetches_nothing(
    s3: S3, archive: Archive, asked: Callable[[], list[str]]
) -> None:
    import_files(s3.url, archive)
    assert len(asked()) > len(NAMES)
    again = import_files(s3.url, archive)
    assert (again.added, again.known, again.empty) == ([], 4, 1)
    (listing,) = asked()
    assert "list-type=2" in listing


def test_only_an_object_that_changed_is_fetched_again(
    s3: S3, archive: Archive, asked: Callable[[], list[str]]
) -> None:
    import_files(s3.url, archive)
    s3.put(NAMES[3], gzip.compress(LINE % 5))
    asked()
    (export,) = import_files(s3.url, archive).added
    assert export.file == f"files/{export.sha256[:8]}/{NAMES[3]}"
    _, *fetches = asked()
    assert all(NAMES[3] in fetch for fetch in fetches)


def test_killed_in_the_middle_the_next_run_fetches_the_rest(
    stage: Stage, s3: S3, asked: Callable[[], list[str]]
) -> None:
    more = [f"44/{number:03}.json.gz" for number in range(40)]
    for number, key in enumerate(more, 10):
        s3.put(key, gzip.compress(LINE % number))
    settings = s3.settings | {"EXTRACT_FILES": f"{s3.url}/44"}
    records = stage.data_dir / "archive" / "records" / "files"
    killed = stage.run_until(f"{records}/020.", SIGKILL, **settings)
    assert killed.returncode == -SIGKILL, killed.stderr
    there = {path.name.removesuffix(".json") for path in records.glob("*.json")}
    asked()

    assert stage.run(**settings).returncode == 0
    assert stage.query("select count(*), count(distinct uuid) from raw.events") == [(40, 40)]
    again = [name for name in there if any(name in request for request in asked())]
    # The one that was archived but not remembered yet.
    assert len(again) <= 1 < len(there) < len(more)


def test_names_that_a_disk_cannot_hold_side_by_side_are_told_apart(
    s3: S3, archive: Archive
) -> None:
    keys = ["odd/A", "odd/a", "odd/a/b", "odd/a/b/c", "odd/z//w"]
    for number, key in enumerate(keys, 10):
        s3.put(key, LINE % number)
    imported = import_files(f"{s3.url}/odd", archive)
    assert len({archive.path(export) for export in imported.added}) == len(keys)
    assert archive.exports() == sorted(imported.added, key=archive.path)
    for export in imported.added:
        archive.verify(export)
        assert archive.path(export).resolve().is_relative_to(archive.folder.resolve())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("s3://nobodys-bucket", ["does not exist", "AWS_ACCESS_KEY_ID"]),
        ("s3://", ["cannot be listed"]),
        ("gs://bucket", ["pip install --require-hashes -r requirements-buckets.txt"]),
        ("ftp://server/folder", ["only s3:// and gs://"]),
    ],
)
def test_a_bucket_that_cannot_be_read_is_one_line_that_names_it(
    s3: S3, archive: Archive, url: str, words: list[str]
) -> None:
    with pytest.raises(ExtractError) as raised:
        import_files(url, archive)
    line = str(raised.value)
    assert line.startswith(f"EXTRACT_FILES={url} ")
    assert [word for word in words if word not in line] == []
    assert not any(secret in line for secret in s3.settings.values())
    assert "\n" not in line


def test_an_empty_prefix_holds_no_export(s3: S3, archive: Archive) -> None:
    with pytest.raises(ExtractError, match="holds no export"):
        import_files(f"{s3.url}/44", archive)


def test_any_store_of_fsspec_takes_the_same_road(archive: Archive) -> None:
    memory = fsspec.filesystem("memory")
    memory.pipe({"/bucket/a.json.gz": gzip.compress(LINE % 1), "/bucket/b": b"notes"})
    imported = import_store(Bucket(memory, "memory://bucket"), archive)
    assert (files(imported), imported.skipped) == ({"a.json.gz"}, ["memory:///bucket/b"])


def test_the_command_loads_a_bucket_and_leaves_no_key_behind(stage: Stage, s3: S3) -> None:
    done = stage.run(EXTRACT_FILES=s3.url, **s3.settings)
    assert (done.returncode, done.stdout.count("files added")) == (0, 1), done.stderr
    assert stage.query("select count(*), sum(lines) from raw.exports") == [(4, 4)]
    left = b"".join(p.read_bytes() for p in stage.data_dir.rglob("*") if p.is_file())
    assert b"an-access-secret" not in left + done.stdout.encode() + done.stderr.encode()
