"""Amplitude's HTTP APIs: the Export API and the User Profile API.

Export: `GET {export_url}?start=YYYYMMDDTHH&end=YYYYMMDDTHH`, Basic auth, both ends inclusive; a zip
is built while the client waits, so the timeout is on silence and never on the whole.

    200, zip                              archived
    200, anything else                    tried again, never archived
    404 "Raw data files were not found."  the window is empty
    401, 403, any other 404               the run stops
    429, 5xx, network                     tried again, after Retry-After or with growing pauses
    any other                             the window fails

Profiles: `GET {profile_url}?user_id=...`, header `Authorization: Api-Key <secret key>`.
Sources: https://amplitude.com/docs/apis/analytics/export and .../user-profile
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import requests
from requests.auth import HTTPBasicAuth
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential_jitter

from extract.errors import CredentialsRefused, ExtractError, WindowFailed
from extract.members import check_zip
from extract.settings import ExtractSettings
from extract.windows import Window
from pipeline.terminal import note

_CONNECT_SECONDS, _SILENCE_SECONDS = 30, 600
_CHUNK_BYTES = 1 << 20
_ATTEMPTS = 6
_NO_DATA = "Raw data files were not found"
_NOT_SEEN = "not seen before"
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500
_T = TypeVar("_T")


class _TransientError(Exception):
    """Worth another try, not before `retry_after` seconds if Amplitude named a time."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class _Wait(wait_base):
    """Retry-After where it was given, else exponential with jitter."""

    _backoff = wait_exponential_jitter(initial=1, max=60)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome and retry_state.outcome.exception()
        named = error.retry_after if isinstance(error, _TransientError) else None
        return self._backoff(retry_state) if named is None else named


class AmplitudeApi:
    """One Amplitude project, over HTTP; `sleep` waits between attempts."""

    def __init__(
        self, settings: ExtractSettings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if settings.amplitude_api_key is None or settings.amplitude_secret_key is None:
            raise ExtractError("AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY are not set.")
        self._settings, self._sleep = settings, sleep
        # Bytes: `requests` would fail on a stray character outside Latin-1, Amplitude refuses it.
        self._key = settings.amplitude_api_key.get_secret_value().encode()
        self._secret = settings.amplitude_secret_key.get_secret_value().encode()

    def fetch_export(self, window: Window, path: Path) -> tuple[bool, int]:
        """Write the zip of a window to `path`; returns whether it holds data, and the attempts.

        Raises:
            CredentialsRefused: 401 or 403.
            ExtractError: the export URL leads nowhere.
            WindowFailed: any other refusal, or still no whole zip after several attempts.
        """
        return _persistently(str(window), lambda: self._download(window, path), self._sleep)

    def fetch_profile(self, user_id: str) -> str | None:
        """The answer for a user as JSON text; null if Amplitude has not seen the user.

        Raises:
            CredentialsRefused: 401 or 403.
            ExtractError: the profile URL leads nowhere.
            WindowFailed: any other refusal, or still no answer after several attempts.
        """
        subject = f"the profile of {user_id!r}"
        return _persistently(subject, lambda: self._profile(user_id, subject), self._sleep)[0]

    def _download(self, window: Window, path: Path) -> bool:
        with requests.get(
            self._settings.export_url,
            params={"start": window.start, "end": window.end},
            auth=HTTPBasicAuth(self._key, self._secret),
            stream=True,
            timeout=(_CONNECT_SECONDS, _SILENCE_SECONDS),
        ) as response:
            if response.status_code == requests.codes.not_found and _NO_DATA in response.text:
                return False
            self._refuse(response, str(window))
            with path.open("wb") as file:
                for chunk in response.iter_content(_CHUNK_BYTES):
                    file.write(chunk)
        if fault := check_zip(path):
            raise _TransientError(f"the answer is not a whole zip: {fault}")
        return True

    def _profile(self, user_id: str, subject: str) -> str | None:
        response = requests.get(
            str(self._settings.profile_url),
            params={"user_id": user_id, "get_amp_props": "true", "get_cohort_ids": "true"},
            headers={"Authorization": b"Api-Key " + self._secret},
            timeout=_CONNECT_SECONDS,
        )
        response.encoding = "utf-8"
        text = response.text
        # The status of an unknown user is undocumented: the words decide, but not a profile's own.
        if _NOT_SEEN in text and '"userData"' not in text:
            return None
        self._refuse(response, subject)
        answer = response.json()
        return text if isinstance(answer, dict) and answer.get("userData") else None

    def _refuse(self, response: requests.Response, subject: str) -> None:
        """Raise what any status but 200 means."""
        status = response.status_code
        if status == requests.codes.ok:
            return
        if status == _TOO_MANY_REQUESTS or status >= _SERVER_ERROR:
            raise _TransientError(f"status {status}", _retry_after(response))
        if status == requests.codes.unauthorized:
            raise CredentialsRefused(
                f"Amplitude asks for credentials ({_words(response)}): "
                "check AMPLITUDE_API_KEY and AMPLITUDE_SECRET_KEY."
            )
        if status == requests.codes.forbidden:
            raise CredentialsRefused(
                f"Amplitude refused the keys ({_words(response)}): either AMPLITUDE_API_KEY and "
                "AMPLITUDE_SECRET_KEY are not the pair of one project, or AMPLITUDE_REGION "
                f"({self._settings.amplitude_region}) is not the region of that project."
            )
        if status == requests.codes.not_found:
            raise ExtractError(
                f"Nothing is at {response.url.partition('?')[0]} ({_words(response)}): "
                "check AMPLITUDE_EXPORT_URL and AMPLITUDE_PROFILE_URL."
            )
        raise WindowFailed(f"Amplitude refused {subject}: status {status}, {_words(response)}.")


def _persistently(
    subject: str, attempt: Callable[[], _T], sleep: Callable[[float], None]
) -> tuple[_T, int]:
    """Try until it works, it is refused, or the attempts are used up."""
    retrying = Retrying(
        retry=retry_if_exception_type((_TransientError, requests.RequestException)),
        wait=_Wait(),
        stop=stop_after_attempt(_ATTEMPTS),
        before_sleep=lambda state: note(f"{subject}: {_reason(state)}; trying again"),
        sleep=sleep,
        reraise=True,
    )
    try:
        result = retrying(attempt)
    except (_TransientError, requests.RequestException) as error:
        reason = _cause(error)
        raise WindowFailed(
            f"Amplitude gave no answer for {subject} in {_ATTEMPTS} attempts: {reason}."
        ) from None
    return result, int(retrying.statistics["attempt_number"])


def _reason(state: RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    return _cause(error) if error else "no answer"


def _cause(error: BaseException) -> str:
    """One short line without the URL: a query string could hold what a log must not."""
    return str(error) if isinstance(error, _TransientError) else type(error).__name__


def _retry_after(response: requests.Response) -> float | None:
    seconds = response.headers.get("Retry-After", "")
    return float(seconds) if seconds.isdecimal() else None


def _words(response: requests.Response) -> str:
    """Amplitude's own explanation, on one line."""
    try:
        body = response.json()
        text = body["error"]["metadata"]["details"]
    except (ValueError, KeyError, TypeError):
        text = response.text
    return " ".join(str(text).split())[:200] or "no explanation"
