"""The sandbox's wire is patient with clients that are not."""

import socket
import threading
from struct import pack

import pytest

from sandbox.http import Request, Response, serving
from tests.load.conftest import until

HALF_A_REQUEST = b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf"


def test_a_client_that_is_killed_early_leaves_no_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def respond(_request: Request) -> Response:
        raise AssertionError

    others = serving_threads()
    with serving(respond) as url:
        client = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))
        client.sendall(HALF_A_REQUEST)
        until(lambda: serving_threads() > others)
        # Closed without lingering: the system says RST, as for a process that is killed.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        client.close()
        until(lambda: serving_threads() <= others)
    assert capfd.readouterr().err == ""


def serving_threads() -> set[threading.Thread]:
    """The threads of open connections, those of other tests' servers among them."""
    return {thread for thread in threading.enumerate() if "process_request" in thread.name}
