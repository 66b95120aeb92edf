"""A Python that has imported a room's libraries already, and becomes a command at each request.

`python -m tests.warm <room> <descriptor>` takes requests from that socket until its other end
closes. A request is one byte with three descriptors: what will be stdout, what will be stderr, and
a socket of its own, over which the command comes as one line of JSON, and its pid and its exit code
go back as one line each.

Only libraries stay imported: a command reads the room's own modules, its environment, its arguments
and its folder as if it had started cold. Two things differ: all commands of a room share one seed
of `hash`, and at the end, when threads are joined and exit functions have run, nobody takes a
thousand modules apart, which would take longer than most commands.
"""

import atexit
import importlib
import json
import os
import pkgutil
import runpy
import signal
import sys
import threading
from contextlib import suppress
from socket import recv_fds, socket
from typing import TypedDict


class Command(TypedDict):
    """What `python` is given: its arguments, all of its environment, and its folder."""

    arguments: list[str]
    environment: dict[str, str]
    folder: str


def main() -> None:
    """Fork for each request; return when there are no more, or as a command that has ended."""
    room, descriptor = sys.argv[1:]
    codes: list[int] = []
    # The first that is registered is the last to run.
    atexit.register(lambda: _leave(codes.pop() if codes else 1))
    _import(room)
    # Ctrl-C ends pytest, which then closes the socket.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if command := _serve(socket(fileno=int(descriptor))):
        try:
            _become(command)
            codes.append(0)
        except SystemExit as end:
            codes.append(_code(end))
            raise


def _import(room: str) -> None:
    for module in pkgutil.iter_modules([room]):
        importlib.import_module(f"{room}.{module.name}")
    for name in [name for name in sys.modules if name.split(".")[0] in {room, "pipeline"}]:
        del sys.modules[name]
    # A lock that another thread holds would stay locked in every fork.
    assert threading.active_count() == 1


def _serve(requests: socket) -> Command | None:
    """Return the command that this fork is to be, or nothing when the last request was served."""
    with requests:
        while True:
            byte, descriptors, _, _ = recv_fds(requests, 1, 3)
            _reap()
            if not byte:
                return None
            if os.fork() == 0:
                break
            for descriptor in descriptors:
                os.close(descriptor)
    return _keep(*descriptors)


def _reap() -> None:
    """Let the keepers go whose commands have ended."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _keep(out: int, err: int, reply: int) -> Command:
    """Fork the command and wait for its end, of which only a parent hears."""
    with socket(fileno=reply) as client:
        command: Command = json.loads(client.makefile().readline())
        pid = os.fork()
        if pid:
            client.sendall(b"%d\n" % pid)
            _, status = os.waitpid(pid, 0)
            client.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            os._exit(0)
    for number, descriptor in ((1, out), (2, err)):
        os.dup2(descriptor, number)
        os.close(descriptor)
    return command


def _become(command: Command) -> None:
    """Be `python <arguments>`."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["folder"])
    option, program, *arguments = command["arguments"]
    sys.argv = [option, *arguments]
    if option == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        exec(program, {"__name__": "__main__"})  # noqa: S102 - this is `python -c`


def _code(end: SystemExit) -> int:
    return end.code if isinstance(end.code, int) else int(end.code is not None)


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
