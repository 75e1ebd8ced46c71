"""The connection that ends a rank with its host, whatever the launcher did in between."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fulcrum.addresses import remove_socket
from fulcrum.wire import Channel, Op, WireFault


class Lifeline:
    """Ends the process at once when the host closes the connection, or is gone.

    Opened before torch is imported, for that takes seconds in which a host may end.
    """

    def __init__(self, channel: Channel, address: str) -> None:
        self._channel, self._address = channel, address
        self._is_released = False
        self._thread = threading.Thread(target=self._watch, name="lifeline", daemon=True)
        self._thread.start()

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

    def _watch(self) -> None:
        with suppress(OSError, WireFault):
            # The host sends nothing here: whatever comes is the end.
            self._channel.receive()
        if not self._is_released:
            remove_socket(self._address)
            os._exit(1)
