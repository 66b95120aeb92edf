"""The sandbox's only wire: a plain function from request to response becomes an HTTP server.

The protocols themselves (`amplitude`, `posthog`) are such functions, so they can be read and tested
without a socket; whoever talks to them over the wire talks real HTTP/1.1 with keep-alive.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import copyfileobj
from socket import SO_LINGER, SOL_SOCKET
from struct import pack
from threading import Thread
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Request:
    """One HTTP request; header names are matched without case, `query` holds decoded values."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Message
    body: bytes = b""


class Reset(Exception):  # noqa: N818 - reads as what happens
    """Raised by a server or a stream: the connection is reset right there, as by a crash."""


@dataclass(frozen=True)
class Stream:
    """A body of so many bytes, sent piece by piece, as slowly as the pieces come."""

    size: int
    pieces: Iterable[bytes]


Body = bytes | Path | Stream


@dataclass(frozen=True)
class Response:
    """One HTTP response; a `Path` as body is streamed from disk."""

    status: int
    body: Body
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        """The whole body, which a stream gives only once."""
        if isinstance(self.body, Stream):
            return b"".join(self.body.pieces)
        return self.body.read_bytes() if isinstance(self.body, Path) else self.body


Respond = Callable[[Request], Response]


@contextmanager
def serving(respond: Respond, port: int = 0) -> Iterator[str]:
    """Serve `respond` on the loopback interface, one thread a connection; yields the base URL.

    Port 0 takes a free one.
    """
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(respond))
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(respond: Respond) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Nagle's algorithm would hold the last packet of a small answer back for 40 ms.
        disable_nagle_algorithm = True

        def handle(self) -> None:
            """Serve one connection to its end, whichever side ends it."""
            # A client that gives up, or is killed, is none of the server's trouble.
            with suppress(ConnectionError):
                super().handle()

        def _answer(self) -> None:
            try:
                _write(self, respond(_read(self)))
            except Reset:
                _reset(self)

        do_GET = do_POST = _answer  # noqa: N815 - names that http.server looks for

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its signature
            """Stay silent: the demo's terminal belongs to the pipeline."""

    return Handler


def _read(handler: BaseHTTPRequestHandler) -> Request:
    url = urlsplit(handler.path)
    return Request(
        method=handler.command,
        path=url.path,
        query=dict(parse_qsl(url.query, keep_blank_values=True)),
        headers=handler.headers,
        body=handler.rfile.read(int(handler.headers.get("Content-Length", 0))),
    )


def _size(body: Body) -> int:
    if isinstance(body, Stream):
        return body.size
    return body.stat().st_size if isinstance(body, Path) else len(body)


def _write(handler: BaseHTTPRequestHandler, response: Response) -> None:
    handler.send_response(response.status)
    for name, value in response.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(_size(response.body)))
    handler.end_headers()
    _write_body(handler, response.body)


def _write_body(handler: BaseHTTPRequestHandler, body: Body) -> None:
    if isinstance(body, bytes):
        handler.wfile.write(body)
    elif isinstance(body, Stream):
        for piece in body.pieces:
            handler.wfile.write(piece)
    else:
        with body.open("rb") as source:
            copyfileobj(source, handler.wfile)


def _reset(handler: BaseHTTPRequestHandler) -> None:
    # Closed without lingering, the system says RST where it would say FIN.
    handler.connection.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True
