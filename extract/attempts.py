"""Attempts at one request: what is transient is tried again, after Retry-After or growing pauses.

The APIs' modules decide what is transient; a `sleep` that comes in as an argument waits.
"""

from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

import requests
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential_jitter

from extract.errors import ExtractError
from pipeline.terminal import note

ATTEMPTS = 6
_T = TypeVar("_T")


class TransientError(Exception):
    """Worth another try, not before `retry_after` seconds if Amplitude named a time."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class _Wait(wait_base):
    """Retry-After where it was given, else exponential with jitter."""

    _backoff = wait_exponential_jitter(initial=1, max=60)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome and retry_state.outcome.exception()
        named = error.retry_after if isinstance(error, TransientError) else None
        return self._backoff(retry_state) if named is None else named


def persistently(
    subject: str,
    attempt: Callable[[], _T],
    sleep: Callable[[float], None],
    failed: Callable[[str], ExtractError],
) -> tuple[_T, int]:
    """Try until it works, it is refused, or the attempts are used up; returns how many it took.

    Raises:
        ExtractError: what `failed` makes of the reason, when no attempt worked.
    """
    retrying = Retrying(
        retry=retry_if_exception_type((TransientError, requests.RequestException)),
        wait=_Wait(),
        stop=stop_after_attempt(ATTEMPTS),
        before_sleep=lambda state: note(f"{subject}: {_reason(state)}; trying again"),
        sleep=sleep,
        reraise=True,
    )
    try:
        result = retrying(attempt)
    except (TransientError, requests.RequestException) as error:
        reason = _cause(error)
        raise failed(
            f"Amplitude gave no answer for {subject} in {ATTEMPTS} attempts: {reason}."
        ) from None
    return result, int(retrying.statistics["attempt_number"])


def _reason(state: RetryCallState) -> str:
    error = state.outcome.exception() if state.outcome else None
    return _cause(error) if error else "no answer"


def _cause(error: BaseException) -> str:
    """One short line without the URL: a query string could hold what a log must not."""
    return str(error) if isinstance(error, TransientError) else type(error).__name__


def retry_after(response: requests.Response) -> float | None:
    """The seconds that a response asks to wait; null if it names none.

    A date is read by the clock of the server that wrote it, which sends its own time along.
    """
    value = response.headers.get("Retry-After", "")
    if value.isdecimal():
        return float(value)
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(response.headers.get("Date", ""))
        return max(0.0, (until - now).total_seconds())
    except (TypeError, ValueError):
        return None


def words(response: requests.Response) -> str:
    """Amplitude's own explanation, on one line."""
    try:
        body = response.json()
        text = body["error"]["metadata"]["details"]
    except (ValueError, KeyError, TypeError):
        text = response.text
    return " ".join(str(text).split())[:200] or "no explanation"
