"""Faults: what an answer can suffer, scripted per path around the honest server.

    faults = Faults(amplitude.respond)
    faults.once("/api/2/export", answer(503), stored(torn))  # its next two answers, in turn
    faults.always("/api/2/export", over_hours(6))            # all others

A fault is a function of the request and the server behind it. These can happen to any server;
`export_faults` has those of Amplitude's exports, `capture_faults` those of PostHog's capture.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from threading import Lock

from sandbox.http import Request, Reset, Respond, Response, Stream

Fault = Callable[[Request, Respond], Response]


class Faults:
    """A server with faults; several threads may ask at once. `requests` are those it got."""

    def __init__(self, respond: Respond) -> None:
        self.requests: list[Request] = []
        self._behind = respond
        self._once: dict[str, deque[Fault]] = defaultdict(deque)
        self._always: dict[str, Fault] = {}
        self._lock = Lock()

    def once(self, path: str, *faults: Fault) -> None:
        """Let each of these happen to one of the next requests for a path, in turn."""
        self._once[path].extend(faults)

    def always(self, path: str, fault: Fault) -> None:
        """Let this happen to all other requests for a path; it replaces what was said before."""
        self._always[path] = fault

    def respond(self, request: Request) -> Response:
        """Answer as the server does, but for the faults."""
        with self._lock:
            self.requests.append(request)
            waiting = self._once[request.path]
            fault = waiting.popleft() if waiting else self._always.get(request.path, honest)
        return fault(request, self._behind)


def honest(request: Request, respond: Respond) -> Response:
    """Not a fault: between two faults, the server's own answer."""
    return respond(request)


def answer(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Fault:
    """Give this, whatever was asked."""
    return lambda _request, _respond: Response(status, body, headers or {})


def torn(_request: Request, _respond: Respond) -> Response:
    """Reset the connection before anything is done, or said."""
    raise Reset


def silent(pause: Callable[[], object]) -> Fault:
    """Do nothing and say nothing, as long as the pause lasts; then reset the connection."""

    def wait(_request: Request, _respond: Respond) -> Response:
        pause()
        raise Reset

    return wait


def late(pause: Callable[[], object]) -> Fault:
    """Do and say what the server does, after a pause."""

    def wait(request: Request, respond: Respond) -> Response:
        pause()
        return respond(request)

    return wait


def stored(fault: Fault) -> Fault:
    """Let the server do its work, but this happen to its answer."""

    def work(request: Request, respond: Respond) -> Response:
        respond(request)
        return fault(request, respond)

    return work


def cut(share: float) -> Fault:
    """Send only the first part of the body, as if it were all."""

    def shorten(request: Request, respond: Respond) -> Response:
        response = respond(request)
        body = response.content
        return replace(response, body=body[: int(len(body) * share)])

    return shorten


def reset(share: float) -> Fault:
    """Reset the connection after the first part of the body."""

    def tear(request: Request, respond: Respond) -> Response:
        response = respond(request)
        body = response.content
        return replace(response, body=Stream(len(body), _tearing(body[: int(len(body) * share)])))

    return tear


def trickle(pieces: int, pause: Callable[[], object]) -> Fault:
    """Send the body in so many pieces, and pause before each."""

    def drip(request: Request, respond: Respond) -> Response:
        response = respond(request)
        body = response.content
        return replace(response, body=Stream(len(body), _dripping(body, pieces, pause)))

    return drip


def _tearing(body: bytes) -> Iterator[bytes]:
    yield body
    raise Reset


def _dripping(body: bytes, pieces: int, pause: Callable[[], object]) -> Iterator[bytes]:
    size = len(body) // pieces + 1
    for start in range(0, len(body), size):
        pause()
        yield body[start : start + size]
