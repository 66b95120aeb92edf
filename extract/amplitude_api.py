"""Amplitude's Export API.

`GET {export_url}?start=YYYYMMDDTHH&end=YYYYMMDDTHH`, Basic auth, both ends inclusive; a zip
is built while the client waits, so the timeout is on silence and never on the whole.

    200, zip whose CRCs are all right     archived
    200, anything else                    tried again, never archived
    404 "Raw data files were not found."  the window is empty
    401, 403, any other 404               the run stops
    400, 504                              too much at once: asked again in halves
    400 for what has no halves            the window fails
    429, other 5xx, network               tried again, after Retry-After or with growing pauses
    any other                             the window fails

Source: https://amplitude.com/docs/apis/analytics/export
"""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path

import requests
from requests.auth import HTTPBasicAuth

from extract.attempts import ATTEMPTS, TransientError, persistently, retry_after, words
from extract.errors import CredentialsRefused, ExtractError, WindowFailed, WindowTooLarge
from extract.members import check_zip
from extract.settings import ExtractSettings
from extract.windows import Window

_CONNECT_SECONDS, _SILENCE_SECONDS = 30, 600
_CHUNK_BYTES = 1 << 20
_NO_DATA = "Raw data files were not found"
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500
_TOO_LARGE = (400, 504)


class AmplitudeApi:
    """One Amplitude project, over HTTP.

    `sleep` waits between attempts; only `silence_seconds` without a byte end a download.
    """

    def __init__(
        self,
        settings: ExtractSettings,
        sleep: Callable[[float], None] = time.sleep,
        silence_seconds: float = _SILENCE_SECONDS,
    ) -> None:
        if settings.amplitude_api_key is None or settings.amplitude_secret_key is None:
            raise ExtractError("AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY are not set.")
        self._settings, self._sleep = settings, sleep
        self._timeout = (_CONNECT_SECONDS, silence_seconds)
        # Bytes: `requests` would fail on a stray character outside Latin-1, Amplitude refuses it.
        self._key = settings.amplitude_api_key.get_secret_value().encode()
        self._secret = settings.amplitude_secret_key.get_secret_value().encode()

    @property
    def project(self) -> str:
        """Which project this is, without its keys: a digest of the API key."""
        return hashlib.sha256(self._key).hexdigest()[:16]

    def fetch_export(self, window: Window, path: Path) -> tuple[bool, int]:
        """Write the zip of a window to `path`; returns whether it holds data, and the attempts.

        Raises:
            CredentialsRefused: 401 or 403.
            ExtractError: the export URL leads nowhere.
            WindowTooLarge: half of the window may do.
            WindowFailed: any other refusal, or still no whole zip after several attempts.
            ValueError: no such window can be asked for.
        """
        if not window.is_askable:
            raise ValueError(f"Amplitude gives whole hours of at most 365 days, not {window}")
        return persistently(
            str(window), lambda: self._download(window, path), self._sleep, _give_up
        )

    def _download(self, window: Window, path: Path) -> bool:
        with requests.get(
            self._settings.export_url,
            params={"start": window.start, "end": window.end},
            auth=HTTPBasicAuth(self._key, self._secret),
            stream=True,
            timeout=self._timeout,
        ) as response:
            if response.status_code == requests.codes.not_found and _NO_DATA in response.text:
                return False
            _refuse_size(response, window)
            self._refuse(response, str(window))
            with path.open("wb") as file:
                for chunk in response.iter_content(_CHUNK_BYTES):
                    file.write(chunk)
        if fault := check_zip(path):
            raise TransientError(f"the answer is not a whole zip: {fault}")
        return True

    def _refuse(self, response: requests.Response, subject: str) -> None:
        """Raise what any status but 200 means."""
        status = response.status_code
        if status == requests.codes.ok:
            return
        if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
            raise TransientError(f"status {status}", retry_after(response))
        if status == requests.codes.unauthorized:
            raise CredentialsRefused(
                f"Amplitude asks for credentials ({words(response)}): "
                "check AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY."
            )
        if status == requests.codes.forbidden:
            raise CredentialsRefused(
                f"Amplitude refused the keys ({words(response)}): either AMPLITUDE_API_KEY and "
                "AMPLITUDE_SECRET_KEY are not the pair of one project, or AMPLITUDE_REGION "
                f"({self._settings.amplitude_region}) is not the region of that project."
            )
        if status == requests.codes.not_found:
            raise ExtractError(
                f"Nothing is at {response.url.partition('?')[0]} ({words(response)}): "
                "check AMPLITUDE_EXPORT_URL."
            )
        raise WindowFailed(f"Amplitude refused {subject}: status {status}, {words(response)}.")


def _refuse_size(response: requests.Response, window: Window) -> None:
    """Raise if the window is too large; a 504 for what cannot be halved is a gateway's hiccup."""
    status = response.status_code
    if status not in _TOO_LARGE:
        return
    if not window.is_indivisible:
        raise WindowTooLarge(f"Amplitude refused {window}: status {status}, {words(response)}.")
    if status == requests.codes.bad_request:
        raise WindowFailed(
            f"Amplitude refused {window}: status {status}, {words(response)}. Nothing smaller "
            "can be asked for: get it with Amplitude's S3 export and set EXTRACT_FILES to that."
        )


def _give_up(reason: str) -> WindowFailed:
    return WindowFailed(
        f"{reason} Run `just extract` again: it asks only for what is missing.", ATTEMPTS
    )
