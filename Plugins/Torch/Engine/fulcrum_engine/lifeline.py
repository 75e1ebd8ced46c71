"""The connection that ends a rank with its host, whatever the launcher did in between."""

from __future__ import annotations

import os
import select
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fulcrum.addresses import remove_socket
from fulcrum.wire import Channel, Op, WireFault

from .stage import STAGE

_BEAT_SECONDS = 1.0


class Lifeline:
    """Ends the process at once when the host closes the connection, or is gone.

    A beat a second tells the host that the process is there and what it is at, from a thread of its
    own: a call may compute for minutes. Opened before torch is imported, for that takes seconds in
    which a host may end.
    """

    def __init__(self, channel: Channel, address: str) -> None:
        self._channel, self._address = channel, address
        self._is_released = False
        self._thread = threading.Thread(target=self._watch, name="lifeline", daemon=True)
        self._thread.start()
        threading.Thread(target=self._beat, name="beats", daemon=True).start()

    def tell(self, stage: str) -> None:
        """Tells the host which call this rank works on from now on; empty: none."""
        if stage != STAGE.name:
            STAGE.name = stage
            self._send_beat()

    def release(self) -> None:
        """From now on the process ends by itself, and the host may go first."""
        self._is_released = True

    def fail(self, header: Mapping[str, Any]) -> None:
        """Tells the host why this rank ends; no error if the host is gone."""
        self._is_released = True
        try:
            self._channel.send(Op.ERROR, 0, header)
        except (OSError, WireFault) as error:
            print(f"fulcrum_engine: the host was not told: {error}", file=sys.stderr)

    def _beat(self) -> None:
        while not self._is_released:
            self._send_beat()
            time.sleep(_BEAT_SECONDS)

    def _send_beat(self) -> None:
        # While the host is busy for long nobody reads: then no beat, rather than one that waits.
        with suppress(OSError, WireFault, ValueError):
            if not self._is_released and select.select([], [self._channel.socket], [], 0)[1]:
                self._channel.send(Op.EVENT, 0, {"stage": STAGE.name, "waits": STAGE.waits})

    def _watch(self) -> None:
        with suppress(OSError, WireFault):
            # The host sends nothing here: whatever comes is the end.
            self._channel.receive()
        if not self._is_released:
            remove_socket(self._address)
            os._exit(1)
