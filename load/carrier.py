"""Carries one batch until each of its events has an outcome: again, in halves, or set aside."""

from dataclasses import dataclass, field
from uuid import UUID, uuid4

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from load.batches import Batch, Message
from load.errors import LoadError, UnreachableError
from load.outcomes import Answer, Outcome, Refusal
from load.sink import BatchRefusedError, BusyError, Sink
from pipeline.pace import Pace, Sleep, StoppedError
from pipeline.terminal import note

MAX_ATTEMPTS = 8
MAX_SILENT_ATTEMPTS = 3  # an event that PostHog does not mention is asked about so many times
MAX_BACKOFF_SECONDS = 60


class UnsettledError(Exception):
    """PostHog answered, but not for every event."""


@dataclass
class _Request:
    pending: list[Message]
    id: UUID = field(default_factory=uuid4)


class Carrier:
    """One lane's carrier: batches go to `sink` at the common `pace`, waiting with `sleep`."""

    def __init__(self, sink: Sink, pace: Pace, sleep: Sleep) -> None:
        self._sink = sink
        self._pace = pace
        self._sleep = sleep

    def deliver(self, batch: Batch) -> Outcome:
        """Deliver one batch; what ends the run is in `failure`, never raised."""
        outcome = Outcome()
        try:
            self._send(batch.messages, outcome)
        except LoadError as error:
            outcome.failure = error
        except StoppedError:
            pass  # what is left is unknown, as after a failure
        outcome.unknown = _unsettled(batch, outcome)
        return outcome

    def _send(self, messages: list[Message], outcome: Outcome) -> None:
        request = _Request(messages)
        try:
            self._send_until_answered(request, outcome)
        except BatchRefusedError as refusal:
            self._halve(request.pending, refusal, outcome)
        except BusyError as error:
            raise UnreachableError(
                f"PostHog did not take a batch in {MAX_ATTEMPTS} attempts, the last time: {error}. "
                "What it acknowledged is recorded: check POSTHOG_HOST, and run `just load` again."
            ) from None
        except UnsettledError:
            pass  # the run goes on, and ends by saying how many are not acknowledged

    def _send_until_answered(self, request: _Request, outcome: Outcome) -> None:
        for attempt in Retrying(
            retry=retry_if_exception_type((BusyError, UnsettledError)),
            stop=stop_after_attempt(MAX_ATTEMPTS),
            wait=wait_exponential_jitter(max=MAX_BACKOFF_SECONDS),
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                self._attempt(request, attempt.retry_state.attempt_number, outcome)

    def _attempt(self, request: _Request, number: int, outcome: Outcome) -> None:
        self._pace.take(len(request.pending))
        if number > 1:
            outcome.resent += len(request.pending)
        try:
            answer = self._sink.send(request.pending, request.id, number)
        except BusyError as error:
            if number == 1:
                note(f"PostHog took no batch: {error}; trying again")
            self._hold(error.wait_seconds)
            raise
        outcome.accepted += answer.accepted
        outcome.refused += answer.refused
        request.pending = _left(answer, request.pending, number)
        if request.pending:
            self._hold(answer.wait_seconds)
            raise UnsettledError

    def _hold(self, seconds: float | None) -> None:
        if seconds is not None:
            self._pace.hold(seconds)

    def _halve(self, messages: list[Message], why: BatchRefusedError, outcome: Outcome) -> None:
        if len(messages) == 1:
            outcome.refused.append(Refusal(messages[0], why.reason, why.details))
            return
        middle = len(messages) // 2
        self._send(messages[:middle], outcome)
        self._send(messages[middle:], outcome)


def _left(answer: Answer, sent: list[Message], attempt: int) -> list[Message]:
    left = {message.uuid for message in answer.again}
    if attempt < MAX_SILENT_ATTEMPTS:
        left |= {message.uuid for message in answer.silent}
    return [message for message in sent if message.uuid in left]


def _unsettled(batch: Batch, outcome: Outcome) -> list[Message]:
    settled = {message.uuid for message in outcome.accepted}
    settled |= {refusal.message.uuid for refusal in outcome.refused}
    return [message for message in batch.messages if message.uuid not in settled]
