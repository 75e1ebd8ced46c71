"""Ends the process, and every process that it has started, when the engine ends, however it does.

A thread would have to wait for the interpreter's lock, which a call into C may hold for minutes;
vLLM's workers may be processes of their own. So a small process beside them watches.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import time
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_MOMENT = 2.0


def die_with(parent: int) -> None:
    """Asks the system to kill this process when the one that has started it ends.

    That reaches a process that is stopped, too. Without Linux's call there is `watch` alone.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def watch(lifeline: int, calls: int, folder: str) -> None:
    """Starts the watching process; to be called before there is a second thread.

    It kills this process's group when the engine's end of `lifeline` closes or this process ends,
    and removes `folder` if the engine is gone. `calls` is closed in it, so that the engine sees
    when this process has gone.
    """
    worker = os.getpid()
    end, own = os.pipe()
    child = os.fork()
    if child == 0:
        # A grandchild, so that vLLM has no child that it doesn't know.
        if os.fork() == 0:
            os.close(own)
            os.close(calls)
            _wait(lifeline, end, worker, folder)
        os._exit(0)
    os.waitpid(child, 0)
    os.close(end)


def _wait(lifeline: int, end: int, worker: int, folder: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Nobody's output is open for this process's sake.
    with open(os.devnull, "r+") as nothing:
        for stream in (0, 1, 2):
            os.dup2(nothing.fileno(), stream)
    # Nothing is ever sent on either: what comes is an end. Children may keep the pipe open when
    # the process is gone; the engine waits for that and kills the group itself.
    ready, _, _ = select.select([lifeline, end], [], [])
    if lifeline not in ready:
        # An engine that ends may take this process with it before its connections close.
        ready, _, _ = select.select([lifeline], [], [], _MOMENT)
    if lifeline in ready:
        shutil.rmtree(folder, ignore_errors=True)
    if os.getpgrp() == worker:
        # This process is in the group: it ends here, too.
        end_group(worker, os.getpid())
    elif lifeline in ready:
        with suppress(OSError):
            os.kill(worker, signal.SIGKILL)
    os._exit(0)


def end_group(leader: int, spared: int = 0) -> None:
    """Kills a group of processes, at last the one that is spared until then.

    Python's tracker of shared memory is given a moment: when the others are gone it removes what
    they leave behind, and ends.
    """
    for pid in _members(leader):
        if pid != spared and b"resource_tracker" not in _words(pid):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
    end = time.monotonic() + _MOMENT
    while set(_members(leader)) - {spared} and time.monotonic() < end:
        time.sleep(0.02)
    with suppress(OSError):
        os.killpg(leader, signal.SIGKILL)


def _members(leader: int) -> list[int]:
    """The processes of a group that have not ended; none where the system doesn't tell."""
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if name.isdecimal():
            with suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                state, _, group = file.read().rpartition(b")")[2].split()[:3]
                if int(group) == leader and state not in (b"Z", b"X"):
                    found.append(int(name))
    return found


def _words(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""
