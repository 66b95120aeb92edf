"""Amplitude's User Profile API.

`GET {profile_url}?user_id=...` or `?device_id=...`, header `Authorization: Api-Key <secret key>`.
Every request, retries included, counts against 600 a minute for the whole organisation.

    200 with userData                  found; the whole answer is kept
    200 with none, "not seen before"   not found; the status of the latter is undocumented
    401, no access to the feature      the plan has no profiles: none is asked for any more
    other 401, 403, 404                the run stops
    429, "exceeds system limit"        all wait for Retry-After, else for a while, and ask again
    5xx, network, not JSON             asked again, with growing pauses
    any other                          that profile failed; the next run asks again

Source: https://amplitude.com/docs/apis/analytics/user-profile
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import requests

from extract.attempts import TransientError, persistently, retry_after, words
from extract.errors import CredentialsRefused, ExtractError, ProfileFailed, ProfilesUnavailable
from extract.lines import repair
from extract.settings import ExtractSettings
from extract.subjects import Subject
from pipeline.pace import Pace

TIMEOUT_SECONDS = 60
# Amplitude counts by the minute, so all attempts together have to last longer than one.
_LIMIT_PAUSE_SECONDS = 15
_NOT_SEEN, _OVER_LIMIT = "not seen before", "exceeds system limit"
_NO_FEATURE = re.compile(
    r"\b(organi[sz]ation|org|plan)\b.*\baccess\b|\baccess\b.*\bfeature\b", re.IGNORECASE
)
_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500


@dataclass(frozen=True)
class Profile:
    """What came of a question; `fetched_at` is when it was asked.

    `text` is the whole answer; null if Amplitude does not know the subject, the error if it failed.
    """

    subject: Subject
    outcome: Literal["found", "not found", "failed"]
    text: str | None
    fetched_at: datetime


class ProfileApi:
    """The profiles of one Amplitude project, over HTTP, in step with a pace; threads share it."""

    def __init__(
        self, settings: ExtractSettings, pace: Pace, timeout_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        if settings.amplitude_secret_key is None:
            raise ExtractError("AMPLITUDE_SECRET_KEY is not set: profiles need it.")
        self._url, self._parameters = str(settings.profile_url), settings.profile_parameters
        self._pace, self._timeout_seconds = pace, timeout_seconds
        # Bytes: `requests` would fail on a stray character outside Latin-1, Amplitude refuses it.
        secret_key = settings.amplitude_secret_key.get_secret_value()
        self._authorization = f"Api-Key {secret_key}".encode()
        self._session = requests.Session()

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def fetch(self, subject: Subject) -> Profile:
        """Ask for a profile, again and again if need be.

        Raises:
            CredentialsRefused: 401 or 403.
            ExtractError: the profile URL leads nowhere.
            ProfilesUnavailable: the organisation's plan lacks the feature.
        """
        try:
            attempt = persistently(
                str(subject), lambda: self._ask(subject), self._pace.sleep, ProfileFailed
            )
        except ProfileFailed as error:
            text = json.dumps({"error": str(error)})
            return Profile(subject, "failed", text, datetime.now(UTC))
        return attempt[0]

    def _ask(self, subject: Subject) -> Profile:
        self._pace.take()
        # Taken before: an event that arrives while Amplitude answers is younger than the profile.
        fetched_at = datetime.now(UTC)
        response = self._session.get(
            self._url,
            params=self._parameters | {subject.kind: subject.id},
            auth=self._authorize,
            timeout=self._timeout_seconds,
        )
        text = response.content.decode("utf-8", "replace")
        if _says(text, _NOT_SEEN):
            return Profile(subject, "not found", None, fetched_at)
        self._refuse(response, subject)
        if not _has_user_data(text):
            return Profile(subject, "not found", None, fetched_at)
        return Profile(subject, "found", _mended(text), fetched_at)

    def _authorize(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Put the header in last: as one of the headers, a .netrc file would replace it."""
        request.headers["Authorization"] = self._authorization  # type: ignore[assignment]
        return request

    def _refuse(self, response: requests.Response, subject: Subject) -> None:
        """Raise what any status but 200 means."""
        status = response.status_code
        if status == _TOO_MANY_REQUESTS or _says(response.text, _OVER_LIMIT):
            named = retry_after(response)
            seconds = _LIMIT_PAUSE_SECONDS if named is None else named
            self._pace.hold(seconds)
            raise TransientError(f"status {status}", seconds)
        if status == requests.codes.ok:
            return
        if status >= _SERVER_ERROR:
            raise TransientError(f"status {status}", retry_after(response))
        _stop(response)
        raise ProfileFailed(f"Amplitude refused {subject}: status {status}, {words(response)}.")


def _stop(response: requests.Response) -> None:
    """Raise what holds for every other profile, too."""
    status, said = response.status_code, words(response)
    if status == requests.codes.unauthorized and _NO_FEATURE.search(said):
        raise ProfilesUnavailable(f"Amplitude's plan has no User Profile API ({said}).")
    if status in {requests.codes.unauthorized, requests.codes.forbidden}:
        raise CredentialsRefused(
            f"Amplitude refused to show profiles ({said}): check AMPLITUDE_SECRET_KEY, "
            "or set EXTRACT_PROFILES=false to go on without them."
        )
    if status == requests.codes.not_found:
        raise ExtractError(
            f"Nothing is at {response.url.partition('?')[0]} ({said}): "
            "check AMPLITUDE_PROFILE_URL, or set EXTRACT_PROFILES=false."
        )


def _says(text: str, phrase: str) -> bool:
    """Whether Amplitude itself says so, and not a property of somebody's."""
    return phrase in text and '"userData"' not in text


def _has_user_data(text: str) -> bool:
    try:
        # Numbers stay text: Python would refuse an integer of 4,301 digits.
        answer = json.loads(text, parse_int=str, parse_float=str)
    except ValueError:
        raise TransientError("the answer is not JSON") from None
    except RecursionError:
        return True
    return isinstance(answer, dict) and bool(answer.get("userData"))


def _mended(text: str) -> str:
    """The answer with half an emoji replaced, where Amplitude cut a string through one."""
    return (repair(text.encode()) or text.encode()).decode()
