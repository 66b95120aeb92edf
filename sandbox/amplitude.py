"""A local Amplitude that hands out a generated world as the two real APIs would.

- `GET /api/2/export?start=&end=`, HTTP Basic (API key : secret key); both ends are inclusive hours
  `YYYYMMDDTHH` of server_upload_time. 200 with a zip of gzip members, 404 with "Raw data files were
  not found." for an empty window, 400 for a range that it cannot read or that is longer than 365
  days, 401 without credentials, 403 for a wrong pair or the wrong region.
- `GET /v1/userprofile?user_id=` or `device_id=`, `Authorization: Api-Key <secret key>`; only what
  the `get_*` parameters ask for is filled. 401 for a wrong key. The status of "not seen before" is
  undocumented; here it is 400.
"""

import json
import re
import shutil
import threading
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile
from zipfile import ZipFile, ZipInfo

from sandbox.http import Request, Response
from sandbox.profile import Profiles

_LONGEST = timedelta(days=365)
_WRONG_KEYS = {
    "error": {
        "http_code": 403,
        "type": "unspecified",
        "message": "Unspecified Error",
        "metadata": {"details": "Invalid API/Secret Key combination"},
    }
}


class _RangeError(Exception):
    """The window cannot be read, or is longer than Amplitude allows."""


@dataclass(frozen=True)
class Amplitude:
    """One project of one region; `folder` is what `write_exports` filled.

    A key pair of another region is as wrong as any other: give it only to the region's own server.
    In the EU there is no User Profile API.
    """

    folder: Path
    api_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = "us"
    _building: threading.Lock = field(default_factory=threading.Lock, compare=False, repr=False)

    def respond(self, request: Request) -> Response:
        """Answer one request; several threads may ask at once."""
        if request.method != "GET":
            return _text(405, "Method Not Allowed")
        if request.path == "/api/2/export":
            return self._export(request)
        if request.path == "/v1/userprofile" and self.region == "us":
            return self._profile(request)
        return _text(404, "Not Found")

    def _export(self, request: Request) -> Response:
        credentials = request.headers.get("Authorization", "")
        if not credentials:
            return _text(401, "Unauthorized")
        if credentials != f"Basic {self._basic}":
            return _json(403, _WRONG_KEYS)
        try:
            start, end = _window(request.query)
        except _RangeError as error:
            return _text(400, str(error))
        return self._zip(start, end)

    @property
    def _basic(self) -> str:
        return b64encode(f"{self.api_key}:{self.secret_key}".encode()).decode()

    def _zip(self, start: datetime, end: datetime) -> Response:
        first, last = f"{start:%Y-%m-%dT%H}", f"{end:%Y-%m-%dT%H}"
        hours = sorted((self.folder / "exports").glob("*.zip"))
        asked = [path for path in hours if first <= path.stem <= last]
        if not asked:
            return _text(404, "Raw data files were not found.")
        answer = self.folder / "responses" / f"{first}_{last}.zip"
        with self._building:
            if not answer.exists():
                _merge(asked, answer)
        return Response(200, answer, {"Content-Type": "application/zip"})

    @cached_property
    def _profiles(self) -> Profiles:
        return Profiles.read(self.folder / "profiles.ndjson")

    def _profile(self, request: Request) -> Response:
        credentials = request.headers.get("Authorization", "")
        if not credentials.startswith("Api-Key "):
            return _text(401, "Missing Api-Key in Authorization header")
        if credentials != f"Api-Key {self.secret_key}":
            return _text(401, "Invalid Api-Key")
        profile = self._profiles.find(request.query)
        if profile is None:
            return _json(400, {"error": "User id and device id not seen before"})
        return _json(200, {"userData": profile})


def _window(query: Mapping[str, str]) -> tuple[datetime, datetime]:
    start, end = (_hour(name, query.get(name, "")) for name in ("start", "end"))
    if start > end:
        raise _RangeError("The start of the range is after its end.")
    if end - start >= _LONGEST:
        raise _RangeError("The range is longer than 365 days.")
    return start, end


def _hour(name: str, text: str) -> datetime:
    if re.fullmatch(r"\d{8}T\d{2}", text, re.ASCII):
        with suppress(ValueError):
            return datetime.strptime(text, "%Y%m%dT%H").replace(tzinfo=UTC)
    raise _RangeError(f"The {name} of the range is not YYYYMMDDTHH.")


def _merge(hours: list[Path], answer: Path) -> None:
    """Copy the members of these hours, compressed as they are, into one zip."""
    answer.parent.mkdir(exist_ok=True)
    with NamedTemporaryFile(dir=answer.parent, delete=False) as file, ZipFile(file, "w") as merged:
        for hour in hours:
            _copy(hour, merged)
    Path(file.name).replace(answer)


def _copy(hour: Path, merged: ZipFile) -> None:
    with ZipFile(hour) as archive:
        for name in archive.namelist():
            with archive.open(name) as source, merged.open(ZipInfo(name), "w") as target:
                shutil.copyfileobj(source, target)


def _text(status: int, text: str) -> Response:
    return Response(status, text.encode(), {"Content-Type": "text/plain; charset=utf-8"})


def _json(status: int, value: object) -> Response:
    return Response(status, json.dumps(value).encode(), {"Content-Type": "application/json"})
