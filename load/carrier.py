"""Carries one batch until each of its events has an outcome: again, in halves, or set aside."""

from dataclasses import dataclass, field
from threading import Event
from uuid import UUID, uuid4

from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from load.batches import Batch, Message
from load.errors import DestinationError, LoadError, UnreachableError
from load.flight import FlightLog
from load.outcomes import Answer, Outcome, Refusal
from load.refusals import Refusals
from load.sink import BatchRefusedError, BusyError, Sink
from pipeline.pace import Pace, Sleep, StoppedError
from pipeline.terminal import note

MAX_ATTEMPTS = 64  # with a minute between them: about an hour
MAX_SILENT_ATTEMPTS = 3  # an event that PostHog does not mention is asked about so many times
MAX_BACKOFF_SECONDS = 60
_ATTEMPTS_BETWEEN_NOTES = 10

BACKOFF = wait_exponential_jitter(multiplier=0.5, max=MAX_BACKOFF_SECONDS, jitter=0.5)


class UnsettledError(Exception):
    """PostHog answered, but not for every event."""


@dataclass
class _Request:
    pending: list[Message]
    id: UUID = field(default_factory=uuid4)


@dataclass
class _Trip:
    """What one batch has come to so far, over all its requests."""

    outcome: Outcome = field(default_factory=Outcome)
    sent: set[str] = field(default_factory=set)
    settled: set[str] = field(default_factory=set)

    def leave(self, messages: list[Message]) -> None:
        uuids = {message.uuid for message in messages}
        self.outcome.resent += len(uuids & self.sent)
        self.sent |= uuids

    def accept(self, messages: list[Message]) -> None:
        self.outcome.accepted += [one for one in messages if one.uuid not in self.settled]
        self.settled.update(message.uuid for message in messages)

    def refuse(self, refusals: list[Refusal]) -> list[Refusal]:
        new = [one for one in refusals if one.message.uuid not in self.settled]
        self.outcome.refused += new
        self.settled.update(refusal.message.uuid for refusal in new)
        return new

    def end(self, batch: Batch) -> Outcome:
        unknown = self.sent - self.settled
        self.outcome.unknown = [one for one in batch.messages if one.uuid in unknown]
        return self.outcome


class Carrier:
    """One lane's carrier: batches go to `sink` at the common `pace`, waiting with `sleep`.

    Its first failure sets `stop`, so that no later batch of the lane overtakes an earlier one.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what all lanes share comes in one by one
        self,
        sink: Sink,
        pace: Pace,
        sleep: Sleep,
        refusals: Refusals,
        flight: FlightLog,
        stop: Event,
    ) -> None:
        self._sink = sink
        self._pace = pace
        self._sleep = sleep
        self._refusals = refusals
        self._flight = flight
        self._stop = stop

    def deliver(self, batch: Batch) -> Outcome:
        """Deliver one batch; what ends the run is in `failure`, never raised."""
        trip = _Trip()
        if self._stop.is_set():
            return trip.outcome
        self._flight.write(batch)
        try:
            self._send(batch.messages, trip)
        except LoadError as error:
            trip.outcome.failure = error
            self._stop.set()
        except StoppedError:
            pass  # what was sent and not answered is unknown, as after a failure
        return trip.end(batch)

    def _send(self, messages: list[Message], trip: _Trip) -> None:
        request = _Request(messages)
        try:
            self._send_until_answered(request, trip)
        except BatchRefusedError as refusal:
            self._halve(request.pending, refusal, trip)
        except BusyError as error:
            raise UnreachableError(
                f"PostHog did not take a batch in {MAX_ATTEMPTS} attempts, the last time: {error}. "
                "What it acknowledged is recorded: check POSTHOG_HOST, and run `just load` again."
            ) from None
        except UnsettledError:
            pass  # the run goes on, and ends by saying how many are not acknowledged

    def _send_until_answered(self, request: _Request, trip: _Trip) -> None:
        for attempt in Retrying(
            retry=retry_if_exception_type((BusyError, UnsettledError)),
            stop=stop_after_attempt(MAX_ATTEMPTS),
            wait=BACKOFF,
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                self._attempt(request, attempt.retry_state.attempt_number, trip)

    def _attempt(self, request: _Request, number: int, trip: _Trip) -> None:
        self._pace.take(len(request.pending))
        trip.leave(request.pending)
        try:
            answer = self._sink.send(request.pending, request.id, number)
        except BusyError as error:
            if number % _ATTEMPTS_BETWEEN_NOTES == 1:
                note(f"PostHog took no batch: {error}; trying again")
            self._hold(error.wait_seconds)
            raise
        trip.accept(answer.accepted)
        self._refusals.add(trip.refuse(answer.refused))
        _require_billing(answer)
        request.pending = _left(answer, request.pending, number)
        if request.pending:
            self._hold(answer.wait_seconds)
            raise UnsettledError

    def _hold(self, seconds: float | None) -> None:
        if seconds is not None:
            self._pace.hold(seconds)

    def _halve(self, messages: list[Message], why: BatchRefusedError, trip: _Trip) -> None:
        if len(messages) == 1:
            self._refusals.add(trip.refuse([Refusal(messages[0], why.reason, why.details)]))
            return
        middle = len(messages) // 2
        self._send(messages[:middle], trip)
        self._send(messages[middle:], trip)


def _require_billing(answer: Answer) -> None:
    if answer.is_over_billing_limit:
        raise DestinationError(
            "PostHog drops events, because the project is over its billing limit: raise it in "
            "PostHog, then run `just load` again. Dropped ones count as not sent."
        )


def _left(answer: Answer, sent: list[Message], attempt: int) -> list[Message]:
    """Say what goes again: what PostHog wants, and what came after it under the same distinct_id.

    PostHog applies what arrives last: an older event must not be the last to arrive.
    """
    wanted = {message.uuid for message in answer.again}
    if attempt < MAX_SILENT_ATTEMPTS:
        wanted |= {message.uuid for message in answer.silent}
    if not wanted:
        return []
    refused = {refusal.message.uuid for refusal in answer.refused}
    late: set[str] = set()
    left = []
    for message in sent:
        if message.uuid in wanted:
            late.add(message.distinct_id)
        if message.distinct_id in late and message.uuid not in refused:
            left.append(message)
    return left
