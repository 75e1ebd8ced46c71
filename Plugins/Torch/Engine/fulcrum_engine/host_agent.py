"""Runs one host's share of a launch, and ends all of it with its standard input.

`launch.py` starts this file on each host, by itself: it imports nothing but the standard library.
The first line of standard input is a JSON object with `folder`, `environment` and `command`.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

# prctl's: orphans of what this process started become its children, and it finds them.
_PR_SET_CHILD_SUBREAPER = 36
# Ranks end by themselves when the host is gone; after so long they are ended.
_GRACE_SECONDS = 0.5


def main() -> int:
    """Runs the command; gives its exit status."""
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        # Whoever started this has ended at once.
        return 1
    order = json.loads(line)
    try:
        os.chdir(order["folder"])
    except OSError as error:
        return _refuse(f"the working folder must be there on every host: {error}")
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: _end(1))
    try:
        child = subprocess.Popen(
            order["command"],
            env={**os.environ, **order["environment"]},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return _refuse(f"can't run the command here: {error}")
    threading.Thread(target=_watch, daemon=True).start()
    status = child.wait()
    _kill_all()
    return status if status >= 0 else 128 - status


def descendants(root: int) -> list[int]:
    """The processes that come from one."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        # One that ends meanwhile is none.
        with suppress(OSError, ValueError, IndexError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [root]
    while waiting:
        young = children.get(waiting.pop(), [])
        found += young
        waiting += young
    return found


def _watch() -> None:
    with suppress(OSError):
        while os.read(0, 4096):
            pass
    time.sleep(_GRACE_SECONDS)
    _end(1)


def _end(status: int) -> None:
    _kill_all()
    os._exit(status)


def _kill_all() -> None:
    """Kills all that comes from this process, stopped ones too, until nothing is left."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and (left := descendants(os.getpid())):
        for number in left:
            with suppress(OSError):
                os.kill(number, signal.SIGKILL)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)


def _refuse(message: str) -> int:
    print(f"fulcrum_engine: on {os.uname().nodename}: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    status = main()
    sys.stderr.flush()
    # At once: a thread waits for standard input.
    os._exit(status)
