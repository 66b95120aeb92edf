"""Buckets: files in S3 or Google Cloud Storage, through fsspec.

`s3://bucket/folder`, one file, a glob, or what names begin with; the same with `gs://`. One listing
tells name, size and ETag of a thousand files a request: what is known by its ETag is not asked for
again. Credentials and endpoints are found where the clouds' own tools look.
Sources: https://s3fs.readthedocs.io and https://gcsfs.readthedocs.io
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import fsspec  # type: ignore[import-untyped]
from fsspec import AbstractFileSystem

from extract.errors import ExtractError
from extract.formats import HEAD_BYTES
from extract.stores import Found, has_magic, root_of

# Parts of one file at a time would lie in memory: many files at a time are as quick.
_OPTIONS: Mapping[str, Mapping[str, Any]] = {"s3": {"max_concurrency": 1}, "gs": {}}
_CREDENTIALS = {
    "s3": "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS",
}
_STAMPS = ("ETag", "etag", "LastModified", "updated", "created")


class Bucket:
    """What matches one path of a file system of fsspec's; `url` is how it was asked for."""

    def __init__(self, files: AbstractFileSystem, url: str) -> None:
        self._files, self._url = files, url
        self._path = str(files._strip_protocol(url)).rstrip("/")  # noqa: SLF001 - it has no other name

    @classmethod
    def open(cls, url: str) -> Self:
        """Find the client of the cloud that a URL names.

        Raises:
            ExtractError: it is not installed, or there is none.
        """
        protocol = url.partition("://")[0]
        if protocol not in _OPTIONS:
            raise ExtractError(
                f"EXTRACT_FILES={url} cannot be read: only s3:// and gs:// can, and folders of "
                "this machine. Copy the files here first."
            )
        try:
            options = {"use_listings_cache": False, "skip_instance_cache": True}
            return cls(fsspec.filesystem(protocol, **options, **_OPTIONS[protocol]), url)
        except ImportError:
            raise ExtractError(
                f"EXTRACT_FILES={url} needs what is not installed yet: run `.venv/bin/pip install "
                "--require-hashes -r requirements-buckets.txt`."
            ) from None

    def find(self) -> list[Found]:
        """List below a folder, else the one file, else by a glob, else what begins so.

        Raises:
            ExtractError: the bucket cannot be listed.
        """
        try:
            listing = self._list()
        except Exception as error:  # noqa: BLE001 - each cloud's client raises its own
            protocol = self._url.partition("://")[0]
            reason = next(iter(str(error).splitlines()), "") or type(error).__name__
            raise ExtractError(
                f"EXTRACT_FILES={self._url} cannot be listed ({reason}): check the address and "
                f"the credentials ({_CREDENTIALS.get(protocol, 'of its owner')})."
            ) from None
        root = self._root(listing)
        return [
            _found(self._files.unstrip_protocol(path), path.removeprefix(root), info)
            for path, info in sorted(listing.items())
            if info["type"] == "file"
        ]

    def peek(self, found: Found) -> bytes:
        """Ask for the first bytes of a file."""
        head: bytes = self._files.cat_file(found.origin, start=0, end=HEAD_BYTES)
        return head

    def fetch(self, found: Found, path: Path) -> None:
        """Download a file.

        Raises:
            EOFError: it did not come whole.
        """
        self._files.get_file(found.origin, str(path))
        if path.stat().st_size != found.bytes:
            raise EOFError(f"{path.stat().st_size:,} of its {found.bytes:,} bytes came")

    def _list(self) -> dict[str, dict[str, Any]]:
        listing: dict[str, dict[str, Any]] = self._files.find(self._path, detail=True)
        if not listing and has_magic(self._path):
            listing = self._files.glob(self._path, detail=True)
        elif not listing:
            folder, _, start = self._path.rpartition("/")
            listing = self._files.find(folder, detail=True, prefix=start) if folder else {}
        return listing

    def _root(self, listing: Mapping[str, object]) -> str:
        folder = f"{self._path}/"
        is_folder = any(path.startswith(folder) for path in listing)
        return folder if is_folder else root_of(self._path)


def _found(origin: str, name: str, info: Mapping[str, Any]) -> Found:
    stamp = next((str(info[key]) for key in _STAMPS if info.get(key)), "")
    return Found(origin, name, f"{info['size']} {stamp}", info["size"])
