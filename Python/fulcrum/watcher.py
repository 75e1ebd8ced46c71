"""A process that ends the worker with its host, whatever the plugin's code is doing.

A thread of the worker's own would have to wait for the interpreter's lock, which a call into C may
hold for as long as it likes.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from contextlib import suppress


class Watcher:
    """Watches the lifeline from now on. To be made before there is a second thread."""

    def __init__(self, lifeline: socket.socket) -> None:
        worker = os.getpid()
        end, self._end = os.pipe()
        child = os.fork()
        if child == 0:
            # A grandchild, so that the plugin has no child that it doesn't know.
            if os.fork() == 0:
                os.close(self._end)
                _watch(lifeline, end, worker)
            os._exit(0)
        os.waitpid(child, 0)
        os.close(end)

    def release(self) -> None:
        """From now on the worker ends by itself, and the host may go first."""
        with suppress(OSError):
            os.write(self._end, b"e")


def _watch(lifeline: socket.socket, end: int, worker: int) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # The run's log is at its end when nobody can write to it any more.
    with open(os.devnull, "r+") as nothing:
        for stream in (0, 1, 2):
            os.dup2(nothing.fileno(), stream)
    # The host sends nothing here: whatever comes is the end. So is what comes through the pipe, or
    # its end, which the worker's children may keep open.
    host = lifeline.fileno()
    ready, _, _ = select.select([host, end], [], [])
    if host in ready and end not in ready:
        with suppress(OSError):
            if os.getpgid(worker) == worker:
                # The group is the plugin's own: its children end too, and this process.
                os.killpg(worker, signal.SIGKILL)
            else:
                os.kill(worker, signal.SIGKILL)
    os._exit(0)
