"""The stages as real processes, which can really be killed, started cold or warm.

Cold is `python -m <stage>`, as a recipe starts it. Warm is the same command in a fork of a Python
that has imported the libraries of the stage's room already (`tests/warm.py`), once for all tests.
"""

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from select import select
from signal import SIGKILL
from socket import send_fds, socket, socketpair
from tempfile import TemporaryFile
from typing import IO, Self

_ROOT = Path(__file__).parents[1]
_KEPT = ("HOME", "PATH", "LANG", "TMPDIR")

Completed = subprocess.CompletedProcess[str]


def kept() -> dict[str, str]:
    """What a command may know of the environment in which the tests run."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def run_cold(arguments: list[str], environment: Mapping[str, str]) -> Completed:
    """Run `python <arguments>` to its end."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False
    )


def run_warm(arguments: list[str], environment: Mapping[str, str], room: str = "") -> Completed:
    """The same, warm; `room` is the stage's own if `arguments` name one."""
    with Process(arguments, environment, room) as process:
        out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.wait(), out, err)


class Process:
    """A command that runs warm; the methods are those of `subprocess.Popen`.

    What it prints goes to files: nobody has to read while it runs.
    """

    def __init__(
        self, arguments: list[str], environment: Mapping[str, str], room: str = ""
    ) -> None:
        self.args = [sys.executable, *arguments]
        self.returncode: int | None = None
        self._out, self._err = TemporaryFile(), TemporaryFile()  # noqa: SIM115 - closed at exit
        self._replies, request = socketpair()
        descriptors = [file.fileno() for file in (self._out, self._err, request)]
        send_fds(_warm(room or arguments[1].split(".")[0]), [b"."], descriptors)
        request.close()
        command = {
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(_ROOT),
        }
        self._replies.sendall(json.dumps(command).encode() + b"\n")
        self.pid = self._reply()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.wait()
        for thing in (self._out, self._err, self._replies):
            thing.close()

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or none while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end.

        Raises:
            subprocess.TimeoutExpired: it did not come in so many seconds.
        """
        if self.returncode is None:
            ended, _, _ = select([self._replies], [], [], timeout)
            if not ended:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            self.returncode = self._reply()
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for the end, then return what it printed."""
        self.wait(timeout)
        return _content(self._out), _content(self._err)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it at once."""
        self.send_signal(SIGKILL)

    def _reply(self) -> int:
        line = b""
        while not line.endswith(b"\n"):
            byte = self._replies.recv(1)
            if not byte:
                raise ChildProcessError(f"{self.args} could not be started warm")
            line += byte
        return int(line)


@cache
def _warm(room: str) -> socket:
    """Start the Python that has a room's libraries; returns the socket that takes requests."""
    control, requests = socketpair()
    with requests:
        python = subprocess.Popen(
            [sys.executable, "-m", "tests.warm", room, str(requests.fileno())],
            cwd=_ROOT,
            env=kept(),
            stdin=subprocess.DEVNULL,
            pass_fds=[requests.fileno()],
        )
    # The last registered is the first to run: it ends when its socket closes.
    atexit.register(python.wait)
    atexit.register(control.close)
    return control


def _content(file: IO[bytes]) -> str:
    # Not by seeking: the process shares the position.
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode()
