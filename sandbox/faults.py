"""Faults: what an answer of Amplitude's can suffer, scripted per path around the honest server.

    faults = Faults(amplitude.respond)
    faults.once("/api/2/export", answer(503), cut(0.5))      # its next two answers, in turn
    faults.always("/api/2/export", over_hours(6))            # all others

A fault is a function of the request and the server behind it. Each happens to somebody's export:
Amplitude's documentation and the issues of other tools name them.
"""

import gzip
import io
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from threading import Lock
from zipfile import ZipFile, ZipInfo

from sandbox.http import Request, Reset, Respond, Response, Stream

Fault = Callable[[Request, Respond], Response]
Members = dict[str, bytes]


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


def during(hour: str, fault: Fault) -> Fault:
    """Let a fault happen to windows that hold an hour, YYYYMMDDTHH, and to no other."""

    def choose(request: Request, respond: Respond) -> Response:
        holds = request.query["start"] <= hour <= request.query["end"]
        return (fault if holds else honest)(request, respond)

    return choose


def over_hours(hours: int, status: int = 400) -> Fault:
    """Refuse windows of more than so many hours."""

    def refuse(request: Request, respond: Respond) -> Response:
        first, last = (_hour(request.query[end]) for end in ("start", "end"))
        if last - first >= timedelta(hours=hours):
            return Response(status, b"Too many hours")
        return respond(request)

    return refuse


def over_bytes(size: int, status: int = 400) -> Fault:
    """Refuse windows whose zip is larger."""

    def refuse(request: Request, respond: Respond) -> Response:
        response = respond(request)
        return Response(status, b"Too large") if len(_read(response)) > size else response

    return refuse


def cut(share: float) -> Fault:
    """Send only the first part of the body, as if it were all."""

    def shorten(request: Request, respond: Respond) -> Response:
        response = respond(request)
        body = _read(response)
        return replace(response, body=body[: int(len(body) * share)])

    return shorten


def reset(share: float) -> Fault:
    """Reset the connection after the first part of the body."""

    def tear(request: Request, respond: Respond) -> Response:
        response = respond(request)
        body = _read(response)
        return replace(response, body=Stream(len(body), _torn(body[: int(len(body) * share)])))

    return tear


def trickle(pieces: int, pause: Callable[[], object]) -> Fault:
    """Send the body in so many pieces, and pause before each."""

    def drip(request: Request, respond: Respond) -> Response:
        response = respond(request)
        body = _read(response)
        return replace(response, body=Stream(len(body), _dripping(body, pieces, pause)))

    return drip


def changed(change: Callable[[Members], Members]) -> Fault:
    """Change the members of the zip, or leave them out; the zip itself is sound."""

    def rewrite(request: Request, respond: Respond) -> Response:
        response = respond(request)
        if response.status != HTTPStatus.OK:
            return response
        return replace(response, body=_pack(change(_unpack(_read(response)))))

    return rewrite


def cut_member(members: Members) -> Members:
    """Lose the end of the last member, gzip's own CRC with it."""
    name = max(members)
    return members | {name: members[name][:-9]}


def wrong_crc(members: Members) -> Members:
    """Flip a bit of the last member's CRC."""
    name = max(members)
    content = bytearray(members[name])
    content[-8] ^= 1
    return members | {name: bytes(content)}


def reorder(members: Members) -> Members:
    """Turn the members and their lines around, as two downloads of one hour can differ."""
    turned = {
        name: gzip.compress(b"\n".join(reversed(gzip.decompress(content).split(b"\n"))))
        for name, content in members.items()
    }
    return dict(reversed(turned.items()))


def withhold(members: Members) -> Members:
    """Leave the last member out: its lines come late."""
    return {name: members[name] for name in sorted(members)[:-1]}


def _hour(stamp: str) -> datetime:
    return datetime.strptime(stamp, "%Y%m%dT%H")  # noqa: DTZ007 - only compared with its like


def _read(response: Response) -> bytes:
    body = response.body
    if isinstance(body, Stream):
        return b"".join(body.pieces)
    return body.read_bytes() if isinstance(body, Path) else body


def _torn(body: bytes) -> Iterator[bytes]:
    yield body
    raise Reset


def _dripping(body: bytes, pieces: int, pause: Callable[[], object]) -> Iterator[bytes]:
    size = len(body) // pieces + 1
    for start in range(0, len(body), size):
        pause()
        yield body[start : start + size]


def _unpack(body: bytes) -> Members:
    with ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _pack(members: Members) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(ZipInfo(name), content)
    return file.getvalue()
