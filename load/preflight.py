"""First things first: what is looked at before the first event, and what stops a run there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from load.carrier import BACKOFF
from load.errors import BlockedError, UnreachableError
from load.sink import BusyError, Sink
from load.standing import Counts
from pipeline.pace import Sleep
from pipeline.terminal import note

MAX_PROBES = 5  # somebody is there to read the answer: no hour of patience
MAX_MOVED_SHARE = 0.01
MAX_GONE_SHARE = 0.5


@dataclass(frozen=True)
class Facts:
    """What is known before the first event.

    `kinds` are those of earlier runs to this destination, `moved` the delivered events that belong
    to another person today.
    """

    kind: str
    kinds: Sequence[str]
    counts: Counts
    delivered: int
    moved: int


def require_clear(facts: Facts, *, force: bool) -> list[str]:
    """Return the blockers that `force` waves through.

    Raises:
        BlockedError: there are blockers, and no `force`.
    """
    blockers = list(_blockers(facts))
    if blockers and not force:
        way = "LOAD_FORCE=true goes on all the same."
        raise BlockedError("\n".join(f"{blocker} {way}" for blocker in blockers))
    return blockers


def _blockers(facts: Facts) -> Iterator[str]:
    if facts.kind == "rehearse":
        if "load" in facts.kinds:
            yield (
                "This destination has had a whole load: rehearse in a test project, with its token "
                "in POSTHOG_PROJECT_TOKEN."
            )
        return
    if facts.kind == "load" and "rehearse" in facts.kinds and "load" not in facts.kinds:
        yield (
            "This destination holds a rehearsal: put the token of the real project into "
            "POSTHOG_PROJECT_TOKEN."
        )
    if facts.moved > MAX_MOVED_SHARE * facts.delivered:
        yield (
            f"{facts.moved:,} of {facts.delivered:,} delivered events have another name, day or "
            "person today, and PostHog keeps them as they were; the rest would go by the new "
            "rules: look with just sql \"from delivery.changed where change = 'key'\"."
        )
    known = facts.counts.of("delivered", "changed", "rekeyed")
    if facts.delivered - known > MAX_GONE_SHARE * facts.delivered:
        yield (
            f"{facts.delivered - known:,} of {facts.delivered:,} delivered events are not in the "
            "marts: is DATA_DIR the right one, and did `just extract transform` get everything?"
        )


def ask(sink: Sink, sleep: Sleep) -> bool:
    """Ask a server whether it knows a way, patiently for a few seconds.

    Raises:
        UnreachableError: it gave no answer.
        DestinationError: it refuses this loader.
    """
    try:
        for attempt in Retrying(
            retry=retry_if_exception_type(BusyError),
            stop=stop_after_attempt(MAX_PROBES),
            wait=_wait_as_asked,
            sleep=sleep,
            reraise=True,
        ):
            with attempt:
                return sink.is_there()
    except BusyError as error:
        raise UnreachableError(
            f"PostHog does not answer ({error}), so nothing was sent: check POSTHOG_HOST, or run "
            "again later."
        ) from None
    return False


def _wait_as_asked(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    note(f"PostHog does not answer: {error}; asking again")
    asked = error.wait_seconds if isinstance(error, BusyError) else None
    return max(BACKOFF(state), asked or 0)
