"""Frames of Fulcrum's wire: a prefix, a JSON header, arrays. No pickle, no code, no guessing.

A frame is 24 bytes of prefix (little-endian: magic ``FLCM``, u16 version, u16 op, u32 sequence,
u32 header bytes, u64 payload bytes), the header (a JSON object in UTF-8), and the payload: the
arrays that the header's ``arrays`` lists, each starting at a multiple of 8 bytes.

Whoever is at the other end may send anything: each field is checked before memory is taken for what
it announces, payload memory grows with the bytes that arrive, and the only exception that bad bytes
raise is `WireFault`.
"""

from __future__ import annotations

import enum
import json
import math
import socket
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, NoReturn

MAGIC = b"FLCM"
VERSION = 1
PREFIX = struct.Struct("<4sHHIIQ")
MAXIMUM_HEADER = 65536
MAXIMUM_DIMENSIONS = 8
MAXIMUM_NAME = 64
DEFAULT_LIMIT = 1 << 30
# Payload memory is at most this far ahead of the bytes that came.
CHUNK = 1 << 20
# Counts must fit the host's Int.
_LARGEST = (1 << 63) - 1
_FORMATS = {"u8": "B", "i32": "i", "i64": "q", "u32": "I", "u64": "Q", "f32": "f", "f64": "d"}
_SIZES = {"u8": 1, "i32": 4, "i64": 8, "u32": 4, "u64": 8, "f32": 4, "f64": 8}
_KINDS = {"B": "u", "I": "u", "L": "u", "Q": "u", "i": "i", "l": "i", "q": "i", "f": "f", "d": "f"}
_ZEROS = bytes(CHUNK)
# More buffers than this in one sendmsg is an error of the system (IOV_MAX is 1024).
_MOST_BUFFERS = 512

if sys.byteorder != "little":
    raise ImportError(
        "fulcrum.wire sends arrays as they lie in memory: little-endian machines only"
    )


class WireFault(Exception):
    """Bytes that are no frame, or a frame that must not be sent: one plain sentence."""


class Op(enum.IntEnum):
    """What a frame is."""

    HELLO = 1
    CALL = 2
    REPLY = 3
    ERROR = 4
    EVENT = 5
    ANSWER = 6


class Array(NamedTuple):
    """An array of a frame.

    `type` is one of u8, i32, i64, u32, u64, f32, f64; `data` are its bytes in C order, read-only
    where they were received.
    """

    type: str
    shape: tuple[int, ...]
    data: memoryview

    def values(self) -> memoryview:
        """The elements, flat: index it, or give it to `array.array`, NumPy or torch."""
        # memoryview.cast refuses empty views. Any: its stub knows the formats as literals alone.
        data: Any = self.data if self.data.nbytes else memoryview(bytes(_SIZES[self.type]))
        elements: memoryview = data.cast(_FORMATS[self.type])
        return elements if self.data.nbytes else elements[:0]

    def numpy(self) -> Any:
        """The array as NumPy's, in the same memory: read-only where it was received."""
        import numpy as np

        dtype = f"{self.type[0]}{_SIZES[self.type]}"
        return np.frombuffer(self.data, dtype).reshape(self.shape)

    def text(self) -> str:
        """The text of a u8 array.

        - Raises WireFault if it is of another type or no UTF-8.
        """
        if self.type != "u8":
            raise WireFault(f"a text is an array of u8; this is one of {self.type}")
        try:
            return str(self.data, "utf-8")
        except UnicodeDecodeError as error:
            raise WireFault(f"a text must be UTF-8; byte {error.start} is not") from None


@dataclass(frozen=True)
class Frame:
    """One message. `header` is without the key ``arrays``: `arrays` has them, in order."""

    op: Op
    sequence: int
    header: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)


def as_array(name: str, value: Any) -> Array:
    """An `Array` of a C-contiguous buffer (bytes, array.array, NumPy array, memoryview).

    - Raises WireFault for another object, another layout, or another element type.
    """
    if isinstance(value, Array):
        _check_array(name, value)
        return Array(value.type, value.shape, _bytes_of(value.data))
    try:
        view = memoryview(value)
    except TypeError:
        found = type(value).__name__
        raise WireFault(f"array {name!r} must have the buffer protocol; {found} has not") from None
    letter = view.format.lstrip("@=<") if view.itemsize > 1 else view.format
    type_name = f"{_KINDS.get(letter, '?')}{8 * view.itemsize}"
    if type_name not in _SIZES:
        raise WireFault(
            f"array {name!r} has elements of format {view.format!r}; expected one of "
            f"{', '.join(_FORMATS.values())}"
        )
    if not view.c_contiguous:
        raise WireFault(f"array {name!r} is not C-contiguous: send a contiguous copy")
    array = Array(type_name, tuple(view.shape or ()), _bytes_of(view))
    _check_array(name, array)
    return array


def encode(frame: Frame) -> list[bytes | memoryview]:
    """The buffers of a frame, in order: prefix and header, then each array and its padding.

    - Raises WireFault for what `decode` would refuse.
    """
    if "arrays" in frame.header:
        raise WireFault("the header's key 'arrays' is the wire's own: give arrays as arrays")
    if not 0 <= frame.sequence <= 0xFFFF_FFFF:
        raise WireFault(f"a sequence is from 0 to 4294967295, not {frame.sequence}")
    arrays = {name: as_array(name, value) for name, value in frame.arrays.items()}
    header = dict(frame.header)
    if arrays:
        header["arrays"] = [
            {"name": name, "type": a.type, "shape": list(a.shape)} for name, a in arrays.items()
        ]
    text = _header_text(header)
    payload = sum(_padded(a.data.nbytes) for a in arrays.values())
    prefix = PREFIX.pack(MAGIC, VERSION, Op(frame.op), frame.sequence, len(text), payload)
    buffers: list[bytes | memoryview] = [prefix + text]
    for a in arrays.values():
        if a.data.nbytes:
            buffers.append(a.data)
        if padding := _padded(a.data.nbytes) - a.data.nbytes:
            buffers.append(_ZEROS[:padding])
    return buffers


def decode(read: Callable[[int], bytes], limit: int = DEFAULT_LIMIT) -> Frame | None:
    """Reads one frame.

    `read(n)` gives 1 to n bytes, or none at the end, as a socket's recv does. Gives None where the
    stream ends between two frames.

    - Raises WireFault for anything that is no frame, or one with more payload than `limit` bytes.
    """

    def read_into(view: memoryview) -> int:
        data = read(len(view))
        view[: len(data)] = data
        return len(data)

    return _decode(read_into, limit)


class Channel:
    """Sends and receives frames over a connected socket.

    Several threads may send; one may receive. Errors of the socket itself are OSError.
    """

    def __init__(self, sock: socket.socket, limit: int = DEFAULT_LIMIT) -> None:
        self.socket = sock
        self.limit = limit
        self._sending = threading.Lock()

    def send(
        self,
        op: Op,
        sequence: int,
        header: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Any] | None = None,
    ) -> None:
        """Sends a frame; gives back when the system has all of it.

        `arrays` has `Array`s or objects with the buffer protocol, C-contiguous.

        - Raises WireFault for what can't be a frame: nothing was sent then.
        """
        # `encode` turns every value into an Array.
        buffers = encode(Frame(op, sequence, dict(header or {}), dict(arrays or {})))
        with self._sending:
            self._send_all(buffers)

    def receive(self) -> Frame | None:
        """The next frame; None if the other end closed between two frames.

        - Raises WireFault for bytes that are no frame: the channel is of no use then.
        """
        return _decode(self.socket.recv_into, self.limit)

    def close(self) -> None:
        """Closes the socket; harmless if it is closed."""
        self.socket.close()

    def _send_all(self, buffers: list[bytes | memoryview]) -> None:
        start = 0
        while start < len(buffers):
            sent = self.socket.sendmsg(buffers[start : start + _MOST_BUFFERS])
            while start < len(buffers) and sent >= len(buffers[start]):
                sent -= len(buffers[start])
                start += 1
            if sent:
                buffers[start] = memoryview(buffers[start])[sent:]


def _decode(read_into: Callable[[memoryview], int], limit: int) -> Frame | None:
    prefix = bytearray(PREFIX.size)
    came = _fill(read_into, memoryview(prefix))
    if came == 0:
        return None
    if came < len(prefix):
        # Wrong bytes are told as such, not as a short frame.
        if not MAGIC.startswith(bytes(prefix[: min(came, 4)])):
            raise WireFault(f"a frame begins with {MAGIC!r}; {bytes(prefix[:came])!r} came")
        raise WireFault(f"the stream ended after {came} of a prefix's {len(prefix)} bytes")
    magic, version, number, sequence, header_size, payload_size = PREFIX.unpack(prefix)
    if magic != MAGIC:
        raise WireFault(f"a frame begins with {MAGIC!r}; {magic!r} came")
    if version != VERSION:
        raise WireFault(f"this end speaks version {VERSION} of the wire; version {version} came")
    try:
        op = Op(number)
    except ValueError:
        raise WireFault(f"a frame's op is from 1 to {len(Op)}; {number} came") from None
    if header_size > MAXIMUM_HEADER:
        raise WireFault(
            f"a header has at most {MAXIMUM_HEADER} bytes; one of {header_size} was announced"
        )
    if payload_size > limit:
        raise WireFault(
            f"a payload has at most {limit} bytes here; one of {payload_size} was announced"
        )
    text = bytearray(header_size)
    came = _fill(read_into, memoryview(text))
    if came < header_size:
        raise WireFault(f"the stream ended after {came} of a header's {header_size} bytes")
    header = _parse_header(text)
    layouts = _layouts(header.pop("arrays", []))
    needed = 0
    for _, _, _, size in layouts:
        needed += _padded(size)
    if needed != payload_size:
        raise WireFault(
            f"the header's arrays need {needed} bytes of payload; {payload_size} were announced"
        )
    payload = _payload(read_into, payload_size)
    arrays: dict[str, Array] = {}
    start = 0
    for name, type_name, shape, size in layouts:
        end = start + _padded(size)
        if any(payload[start + size : end]):
            raise WireFault(f"the padding behind array {name!r} must be zeros")
        arrays[name] = Array(type_name, shape, payload[start : start + size])
        start = end
    return Frame(op, sequence, header, arrays)


def _fill(read_into: Callable[[memoryview], int], view: memoryview) -> int:
    """Reads until `view` is full or the stream ends; gives the number of bytes that came."""
    came = 0
    while came < len(view):
        count = read_into(view[came:])
        if count == 0:
            break
        came += count
    return came


def _payload(read_into: Callable[[memoryview], int], size: int) -> memoryview:
    buffer = bytearray(min(size, CHUNK))
    came = 0
    while came < size:
        if came == len(buffer):
            buffer += memoryview(_ZEROS)[: min(CHUNK, size - came)]
        # A bytearray can't grow while a view of it is alive.
        with memoryview(buffer) as whole, whole[came:] as rest:
            count = _fill(read_into, rest)
        came += count
        if came < len(buffer):
            raise WireFault(f"the stream ended after {came} of a payload's {size} bytes")
    return memoryview(buffer).toreadonly()


def _parse_header(text: bytearray) -> dict[str, Any]:
    try:
        header = json.loads(
            text.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_number,
            parse_float=_finite,
        )
    except UnicodeDecodeError as error:
        raise WireFault(f"a header must be UTF-8; its byte {error.start} is not") from None
    except RecursionError:
        raise WireFault("the header's JSON is nested too deep") from None
    except ValueError as error:
        raise WireFault(f"a header must be JSON: {error}") from None
    if not isinstance(header, dict):
        raise WireFault(f"a header must be a JSON object; {type(header).__name__} came")
    if b"\\ud" in text or b"\\uD" in text:
        _check_surrogates(header)
    return header


def _check_surrogates(header: dict[str, Any]) -> None:
    """Half a surrogate pair is no text: it couldn't be sent on or printed."""
    try:
        json.dumps(header, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise WireFault("a header's text has half a surrogate pair") from None
    except RecursionError:
        raise WireFault("the header's JSON is nested too deep") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise WireFault(f"a header's objects have each key once; {key[:64]!r} came twice")
            seen.add(key)
    return result


def _refuse_number(text: str) -> NoReturn:
    raise WireFault(f"a header's numbers are finite; {text[:64]} came")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        _refuse_number(text)
    return value


def _header_text(header: dict[str, Any]) -> bytes:
    try:
        text = json.dumps(header, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        data = text.encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise WireFault(f"a header must be plain JSON: {error}") from None
    if len(data) > MAXIMUM_HEADER:
        raise WireFault(
            f"a header has at most {MAXIMUM_HEADER} bytes; this one has {len(data)}: "
            "send long texts as an array"
        )
    return data


def _layouts(listed: Any) -> list[tuple[str, str, tuple[int, ...], int]]:
    """Name, type, shape and bytes of each array that a header lists."""
    if not isinstance(listed, list):
        raise WireFault("the header's 'arrays' must be a list")
    layouts = []
    names: set[str] = set()
    for entry in listed:
        if not isinstance(entry, dict) or entry.keys() != {"name", "type", "shape"}:
            raise WireFault("each of the header's 'arrays' has the keys name, type and shape")
        name, type_name, shape = entry["name"], entry["type"], entry["shape"]
        if not isinstance(shape, list):
            raise WireFault("an array's shape must be a list of whole numbers")
        size = _byte_count(name, type_name, tuple(shape))
        if name in names:
            raise WireFault(f"two arrays have the name {name!r}")
        names.add(name)
        layouts.append((name, type_name, tuple(shape), size))
    return layouts


def _check_array(name: str, array: Array) -> None:
    if not isinstance(array.data, memoryview) or not array.data.c_contiguous:
        raise WireFault(f"array {name!r} needs its bytes as a C-contiguous memoryview")
    size = _byte_count(name, array.type, array.shape)
    if size != array.data.nbytes:
        raise WireFault(f"array {name!r} needs {size} bytes; it has {array.data.nbytes}")


def _byte_count(name: Any, type_name: Any, shape: tuple[Any, ...]) -> int:
    if not isinstance(name, str) or len(name) > MAXIMUM_NAME:
        raise WireFault(f"an array's name is a text of at most {MAXIMUM_NAME} characters")
    size = _SIZES.get(type_name) if isinstance(type_name, str) else None
    if size is None:
        raise WireFault(f"array {name!r} must be of a type of {', '.join(_SIZES)}")
    if len(shape) > MAXIMUM_DIMENSIONS:
        raise WireFault(
            f"array {name!r} has {len(shape)} dimensions; at most {MAXIMUM_DIMENSIONS} may be"
        )
    for extent in shape:
        if type(extent) is not int or extent < 0:
            raise WireFault(f"array {name!r}'s shape must have whole numbers from 0 on")
        size *= extent
        # An extent counts by itself too: the host multiplies in its own order.
        if size > _LARGEST - 7 or extent > _LARGEST:
            raise WireFault(f"array {name!r}'s shape is too large to count")
    return size


def _bytes_of(view: memoryview) -> memoryview:
    # memoryview.cast refuses empty views.
    return view.cast("B") if view.nbytes else memoryview(b"")


def _padded(size: int) -> int:
    return (size + 7) & ~7
