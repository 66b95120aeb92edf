"""Faults of Amplitude's Export API, beside those that any server can have.

Each happens to somebody: Amplitude's documentation and the issues of other tools name them.
"""

import gzip
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from zipfile import ZipFile, ZipInfo

from sandbox.faults import Fault, honest
from sandbox.http import Request, Respond, Response

Members = dict[str, bytes]


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
        return Response(status, b"Too large") if len(response.content) > size else response

    return refuse


def changed(change: Callable[[Members], Members]) -> Fault:
    """Change the members of the zip, or leave them out; the zip itself is sound."""

    def rewrite(request: Request, respond: Respond) -> Response:
        response = respond(request)
        if response.status != HTTPStatus.OK:
            return response
        return replace(response, body=_pack(change(_unpack(response.content))))

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


def _unpack(body: bytes) -> Members:
    with ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _pack(members: Members) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(ZipInfo(name), content)
    return file.getvalue()
