"""PostHog's Capture V1 over HTTP: one `POST {host}/i/v1/analytics/events` a call.

A 200 answers per event. 408, 429, 5xx and a broken connection: again, not before Retry-After.
400 and 413: this batch never as it stands. Any other status: nothing will ever be taken.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import requests

from load.batches import Message
from load.errors import DestinationError
from load.outcomes import Answer, error_code, read_answer
from load.retry_after import retry_after_seconds
from load.sink import BatchRefusedError, BusyError
from load.wire import ENDPOINT, frame

SDK_INFO = "amplitude-to-posthog/0.1.0"  # PostHog shows it as $lib and $lib_version
TIMEOUT_SECONDS = (10, 60)  # to connect, and between two bytes of the answer
MAX_WORDS = 500  # of an error body

_WHY_NEVER = {
    401: "the project token is not valid there: check POSTHOG_PROJECT_TOKEN and POSTHOG_HOST",
    402: "the project is over its billing limit: raise it in PostHog, then run `just load` again",
    403: "it forbids sending: check POSTHOG_PROJECT_TOKEN and what stands between it and here",
    404: "it has no Capture V1: check POSTHOG_HOST (a self-hosted server may need an upgrade)",
}


class Capture:
    """One lane's connection to one PostHog project; `now` tells the time in UTC."""

    def __init__(self, host: str, token: str, now: Callable[[], datetime]) -> None:
        self._host = host
        self._now = now
        self._created_at: tuple[UUID | None, str] = (None, "")
        self._session = requests.Session()
        self._session.auth = _bearer(token)
        self._session.headers.update(
            {
                "Content-Type": "application/json",
                "Content-Encoding": "gzip",
                "User-Agent": SDK_INFO,
                "PostHog-Sdk-Info": SDK_INFO,
            }
        )

    def send(self, messages: Sequence[Message], request_id: UUID, attempt: int) -> Answer:
        """Post the messages once; see `Sink.send`."""
        now = self._now().isoformat()
        if self._created_at[0] != request_id:
            self._created_at = (request_id, now)
        body = frame((message.text for message in messages), self._created_at[1])
        headers = {
            "PostHog-Attempt": str(attempt),
            "PostHog-Request-Id": str(request_id),
            "PostHog-Request-Timestamp": now,
        }
        response = self._post(body, headers)
        wait = retry_after_seconds(response.headers.get("Retry-After"), self._now())
        if response.status_code < requests.codes.multiple_choices:
            return read_answer(response.content, messages, wait)
        raise _why_not(response, self._host, wait)

    def _post(self, body: bytes, headers: dict[str, str]) -> requests.Response:
        # A redirect followed would turn the POST into a GET and lose the batch without a word.
        try:
            return self._session.post(
                self._host + ENDPOINT,
                data=body,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise BusyError(f"no answer ({type(error).__name__})") from None


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    # As `auth`, because requests lets a line in ~/.netrc replace a plain header.
    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize


def _why_not(
    response: requests.Response, host: str, wait: float | None
) -> BusyError | BatchRefusedError | DestinationError:
    status = response.status_code
    words = " ".join(response.text.split())[:MAX_WORDS]
    if status in {408, 429} or status >= requests.codes.server_error:
        return BusyError(f"status {status}", wait)
    if status in {400, 413}:
        code = error_code(response.content)
        return BatchRefusedError(f"{status} {code}".strip(), words)
    why = _WHY_NEVER.get(status, f"{words or 'no reason given'}; check POSTHOG_HOST")
    return DestinationError(f"{host} answered {status}: {why}.")
