"""The connections to the host: how they open, and the calls that come on one of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from fulcrum import addresses
from fulcrum.wire import Array, Channel, Frame, Op, WireFault

from .errors import EngineError
from .place import Place


def connect(address: str, token: str, role: str, place: Place) -> Channel:
    """Opens a connection as the rank of a place; see `fulcrum.addresses.connect`."""
    return addresses.connect(address, token, role, place.rank, place.world)


@dataclass(frozen=True)
class Call:
    """What the host asks for: the frame's header without the name, its arrays as NumPy's."""

    name: str
    header: dict[str, Any]
    arrays: dict[str, np.ndarray]


class Calls:
    """The connection on which rank 0 is called; one call at a time."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._sequence = 0
        # When the host last heard something, or asked.
        self.last_activity = time.monotonic()

    def next(self) -> Call | None:
        """Waits for a call; None if the host closed the connection.

        Raises:
            WireFault: for anything else than the next call.
        """
        frame = self._channel.receive()
        if frame is None:
            return None
        if frame.op != Op.CALL or frame.sequence != self._sequence + 1:
            raise WireFault(
                f"expected call {self._sequence + 1}, got {frame.op.name.lower()} {frame.sequence}"
            )
        self._sequence = frame.sequence
        self.last_activity = time.monotonic()
        name = frame.header.pop("call", None)
        if not isinstance(name, str):
            raise WireFault("a call's header has the call's name under 'call'")
        return Call(name, frame.header, numpy_arrays(frame.arrays))

    def reply(self, header: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> None:
        """Answers the call that came last."""
        self._channel.send(Op.REPLY, self._sequence, header, arrays)

    def error(self, header: Mapping[str, Any]) -> None:
        """Says that the call that came last failed."""
        self._channel.send(Op.ERROR, self._sequence, header)

    def event(self, header: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> None:
        """Tells of something within the call that came last."""
        self._channel.send(Op.EVENT, self._sequence, header, arrays)
        self.last_activity = time.monotonic()

    def ask(self, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> Frame:
        """Tells of something, and waits for the answer.

        Raises:
            WireFault: for anything else than the answer, also the end of the connection.
        """
        self.event(header, arrays)
        frame = self._channel.receive()
        if frame is None:
            raise WireFault("the host closed the connection where an answer was expected")
        if frame.op != Op.ANSWER or frame.sequence != self._sequence:
            raise WireFault(
                f"expected the answer to call {self._sequence}, got "
                f"{frame.op.name.lower()} {frame.sequence}"
            )
        return frame

    def close(self) -> None:
        """Closes the connection."""
        self._channel.close()


def numpy_arrays(arrays: Mapping[str, Array]) -> dict[str, np.ndarray]:
    """A frame's arrays, in the frame's memory: read-only."""
    return {name: array.numpy() for name, array in arrays.items()}


def text_of(arrays: Mapping[str, np.ndarray]) -> str:
    """The text in a call's array `text`.

    Raises:
        EngineError: usage, if there is none, or it is not UTF-8.
    """
    if "text" not in arrays or arrays["text"].dtype != np.uint8:
        raise EngineError("usage", "expected a text as the u8 array 'text' in the call, got none")
    try:
        return arrays["text"].tobytes().decode()
    except UnicodeDecodeError as error:
        raise EngineError("usage", f"expected UTF-8 in 'text'; byte {error.start} is not") from None
