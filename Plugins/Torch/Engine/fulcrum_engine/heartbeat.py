"""Tells the host that a long call goes on, so that its time limit is one of silence."""

from __future__ import annotations

import time

from .channel import Calls

# Far below any time limit that makes sense, far above what a frame costs.
_SECONDS = 5.0


class Heartbeat:
    """Sends an event that says nothing, if the host has heard nothing for some seconds.

    Args:
        calls: the connection on rank 0; None on other ranks, which tell nothing.
    """

    def __init__(self, calls: Calls | None = None) -> None:
        self._calls = calls

    def beat(self) -> None:
        """Is to be called after each step of what takes long, in the thread that serves calls."""
        if self._calls is not None and time.monotonic() - self._calls.last_activity >= _SECONDS:
            self._calls.event({"progress": True})
