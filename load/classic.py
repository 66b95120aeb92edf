"""PostHog's classic `POST {host}/batch/`, through posthog-python, for servers without Capture V1.

A 200 `{"status": "Ok"}` (`1` on older servers) takes the whole batch. Over the billing quota
PostHog says the same and keeps nothing, so this way proves less than Capture V1. `sent_at`, which
the client adds, would shift every time: `$ignore_sent_at` stands in each event's properties.
"""

import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import requests
from posthog.request import APIError, batch_post

from load.batches import Message
from load.outcomes import Answer, read_object
from load.retry_after import retry_after_seconds
from load.sink import BatchRefusedError, BusyError, why_not

PATH = "/batch/"
MAX_BYTES = 2_000_000  # of our text: the client writes every é as six bytes
TIMEOUT_SECONDS = 60.0

_TAKEN = ("Ok", 1)


class Classic:
    """One lane's connection to one PostHog project; `now` tells the time in UTC."""

    def __init__(self, host: str, token: str, now: Callable[[], datetime]) -> None:
        self._host = host
        self._token = token
        self._now = now

    def is_there(self) -> bool:
        """Ask with an empty batch; see `Sink.is_there`."""
        with suppress(BatchRefusedError):  # as it should be
            self._post([])
        return True

    def send(self, messages: Sequence[Message], request_id: UUID, attempt: int) -> Answer:  # noqa: ARG002 - Sink's signature
        """Post the messages once; see `Sink.send`."""
        response = self._post([_event(message) for message in messages])
        # Whatever else says 200, a login page after a redirect for one, has taken nothing.
        if read_object(response.content).get("status") in _TAKEN:
            return Answer(accepted=list(messages))
        return Answer(silent=list(messages))

    def _post(self, batch: list[dict[str, Any]]) -> requests.Response:
        try:
            return batch_post(
                self._token,
                self._host,
                gzip=True,
                timeout=TIMEOUT_SECONDS,
                path=PATH,
                batch=batch,
                historical_migration=True,
            )
        except APIError as error:
            body = str(error.message).encode()
            # The client has read the header, and lets `inf` through.
            wait = retry_after_seconds(error.retry_after, self._now())
            raise why_not(self._host, int(error.status), body, wait) from None
        except TypeError:  # the client's own, over an error body that is JSON but no object
            raise BusyError("an error that cannot be read") from None
        except requests.RequestException as error:
            raise BusyError(f"no answer ({type(error).__name__})") from None


def _event(message: Message) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(message.text)
    event["properties"]["$ignore_sent_at"] = True
    return event
