"""PostHog's Capture V1 over HTTP: one `POST {host}/i/v1/analytics/events` a call.

A 200 answers per event; other statuses are read by `sink.why_not`, and a broken connection is one
more way of being busy.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID, uuid4

import requests

from load.batches import Message
from load.outcomes import Answer, read_answer
from load.retry_after import retry_after_seconds
from load.sink import BusyError, why_not
from load.wire import ENDPOINT, frame

SDK_INFO = "amplitude-to-posthog/0.1.0"  # PostHog shows it as $lib and $lib_version
TIMEOUT_SECONDS = (10, 60)  # to connect, and between two bytes of the answer

_ABSENT = frozenset({requests.codes.not_found, requests.codes.method_not_allowed})
_NOT_CONFIGURED = b"not configured"  # a self-hosted server that has V1, but no sink for it


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

    def is_there(self) -> bool:
        """Ask with an empty batch, which a server that has V1 refuses; see `Sink.is_there`."""
        response = self._post([], uuid4(), 1)
        status = response.status_code
        if status in _ABSENT or (
            status == requests.codes.service_unavailable and _NOT_CONFIGURED in response.content
        ):
            return False
        if status not in {requests.codes.ok, requests.codes.bad_request}:
            raise why_not(self._host, status, response.content, self._wait_seconds(response))
        return True

    def send(self, messages: Sequence[Message], request_id: UUID, attempt: int) -> Answer:
        """Post the messages once; see `Sink.send`."""
        response = self._post(messages, request_id, attempt)
        wait = self._wait_seconds(response)
        if response.status_code < requests.codes.multiple_choices:
            return read_answer(response.content, messages, wait)
        raise why_not(self._host, response.status_code, response.content, wait)

    def _post(
        self, messages: Sequence[Message], request_id: UUID, attempt: int
    ) -> requests.Response:
        now = self._now().isoformat()
        if self._created_at[0] != request_id:
            self._created_at = (request_id, now)
        body = frame([message.text for message in messages], self._created_at[1])
        headers = {
            "PostHog-Attempt": str(attempt),
            "PostHog-Request-Id": str(request_id),
            "PostHog-Request-Timestamp": now,
        }
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

    def _wait_seconds(self, response: requests.Response) -> float | None:
        return retry_after_seconds(response.headers.get("Retry-After"), self._now())


def _bearer(token: str) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    # As `auth`, because requests lets a line in ~/.netrc replace a plain header.
    def authorize(request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorize
