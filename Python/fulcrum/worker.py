"""A plugin's process: `python -m fulcrum.worker FILE`, started by Fulcrum and not by hand."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol

from .addresses import connect, remove_socket
from .answers import Reply
from .calls import Calls
from .component import Component
from .errors import Fault, Refusal
from .failures import error_header, show
from .watcher import Watcher
from .wire import Array, Channel, Op, WireFault

_BY_HAND = (
    "fulcrum.worker is a part of Fulcrum, which starts it for a plugin's file and calls it over a "
    "socket: run `fulcrum` with the plugin's name instead of starting it by hand"
)
# Plugins' threads and what they do at exit have so long.
_EXIT_SECONDS = 2.0


class Answering(Protocol):
    """What answers calls: with a plugin's file, or something else that lies at a path."""

    file: Path
    component: Component | None

    def answer(self, name: str, header: dict[str, Any], arrays: dict[str, Array]) -> Reply: ...


def serve(arguments: list[str], make: Callable[[Path], Answering]) -> int:
    """Connects to the host and serves it with what `make` makes of the path; gives the exit status.

    2: it was started in a way in which it can't serve; 1: the host is gone.
    """
    address = os.environ.get("FULCRUM_ENGINE_ADDRESS", "")
    # Children must not inherit the host's secret.
    token = os.environ.pop("FULCRUM_ENGINE_TOKEN", "")
    # Set for this process; a script that a plugin starts imports what lies beside it.
    os.environ.pop("PYTHONSAFEPATH", None)
    if len(arguments) != 2 or not address.startswith("unix:") or not token:
        print(f"fulcrum: {_BY_HAND}", file=sys.stderr)
        return 2
    try:
        lifeline = connect(address, token, "lifeline")
        watcher = Watcher(lifeline.socket)
        channel = connect(address, token, "calls")
    except OSError as error:
        remove_socket(address)
        print(f"fulcrum: no host at FULCRUM_ENGINE_ADDRESS ({address}): {error}", file=sys.stderr)
        return 2
    # A fork of the plugin's must neither answer the host nor keep its connections open.
    for one in (lifeline, channel):
        os.register_at_fork(after_in_child=one.close)
    file = Path(arguments[1]).absolute()
    _prepare(file)
    try:
        return _serve(channel, make(file), watcher)
    except (OSError, WireFault) as error:
        print(f"fulcrum: the connection to the host ended: {error}", file=sys.stderr)
        return 1


def _prepare(file: Path) -> None:
    """Makes the process one that a plugin's code can live in."""
    faulthandler.enable()
    # An interrupt at the terminal reaches all processes; the host decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.dont_write_bytecode = True
    if getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, "")
    # Python puts the current folder here.
    sys.path[0] = str(file.parent)
    sys.argv[:] = [str(file)]
    with open(os.devnull) as null:
        os.dup2(null.fileno(), 0)
    # Lines come to the run's log when they are written.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]


def _serve(channel: Channel, calls: Answering, watcher: Watcher) -> int:
    """Answers until the host says `end`: 0, or goes away: 1."""
    me = os.getpid()
    expected = 1
    while (frame := channel.receive()) is not None:
        name = frame.header.pop("call", None)
        if frame.op != Op.CALL or frame.sequence != expected or not isinstance(name, str):
            raise WireFault(f"expected call {expected}, got {frame.op.name} {frame.sequence}")
        expected += 1
        if name == "end":
            watcher.release()
            channel.send(Op.REPLY, frame.sequence)
            return 0
        reply, failure = None, None
        try:
            reply = calls.answer(name, frame.header, frame.arrays)
        except BaseException as error:
            failure = error
        if os.getpid() != me:
            what = f"a process that it forked in the call '{name}' came back to the worker"
            print(f"fulcrum: {calls.file.name}: {what}; it ends", file=sys.stderr, flush=True)
            os._exit(1)
        if reply is not None:
            _send(channel, frame.sequence, Op.REPLY, *reply)
        elif failure is not None:
            _send(channel, frame.sequence, Op.ERROR, _failed(failure, calls), {})
    return 1


def _failed(error: BaseException, calls: Answering) -> dict[str, Any]:
    if not isinstance(error, (Fault, Refusal)):
        show(error)
    return error_header(error, calls.file, calls.component)


def _send(
    channel: Channel, sequence: int, op: Op, header: dict[str, Any], arrays: dict[str, Any]
) -> None:
    try:
        channel.send(op, sequence, header, arrays)
    except WireFault as error:
        message = f"its answer can't be sent: {error}"
        channel.send(Op.ERROR, sequence, {"message": message, "code": "plugin-fault"})


def finish(status: int) -> NoReturn:
    """An ordinary exit, for a plugin's pools end their processes in it; but one that ends."""
    limit = threading.Timer(_EXIT_SECONDS, os._exit, (status,))
    limit.daemon = True
    limit.start()
    sys.exit(status)


if __name__ == "__main__":
    finish(serve(sys.argv, Calls))
