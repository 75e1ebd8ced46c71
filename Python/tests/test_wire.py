"""The wire: bytes worked by hand, every fault's sentence, and the fuzzer's rules."""

from __future__ import annotations

import array
import json
import socket
import struct
import sys
import threading
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import fuzz_wire

from fulcrum import wire
from fulcrum.wire import Array, Frame, Op, WireFault


def parse(data: bytes, limit: int = 1 << 20) -> Frame | None:
    place = 0

    def read(count: int) -> bytes:
        nonlocal place
        piece = data[place : place + count]
        place += len(piece)
        return piece

    return wire.decode(read, limit)


def joined(frame: Frame) -> bytes:
    return b"".join(bytes(piece) for piece in wire.encode(frame))


def framed(content: object, data: bytes = b"", **fields: int) -> bytes:
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    values = {"version": 1, "op": 2, "sequence": 1, "header": len(text), "payload": len(data)}
    values.update(fields)
    return b"FLCM" + struct.pack("<HHIIQ", *values.values()) + text + data


def test_a_frame_has_the_bytes_worked_by_hand() -> None:
    data = joined(Frame(Op.EVENT, 7, {"a": 1}, {"x": wire.as_array("x", b"abc")}))
    text = b'{"a":1,"arrays":[{"name":"x","type":"u8","shape":[3]}]}'
    prefix = b"FLCM\x01\x00\x05\x00\x07\x00\x00\x00" + bytes([len(text), 0, 0, 0])
    assert data == prefix + b"\x08" + bytes(7) + text + b"abc\0\0\0\0\0"


def test_arrays_of_every_type_come_back() -> None:
    sent = {
        "u8": b"\x00\xff",
        "i32": array.array("i", [-(2**31), 5, 7]),
        "i64": array.array("q", [-(2**63)]),
        "u32": array.array("I", [2**32 - 1]),
        "u64": array.array("Q", [2**64 - 1]),
        "f32": array.array("f", [0.5, -0.0, 1e-45]),
        "f64": array.array("d", [0.1]),
        "empty": array.array("f"),
    }
    ours, theirs = socket.socketpair()
    wire.Channel(ours).send(Op.REPLY, 3, {}, sent)
    frame = wire.Channel(theirs).receive()
    assert frame is not None and frame.sequence == 3 and frame.header == {}
    for name, values in sent.items():
        got = frame.arrays[name]
        assert got.type == ("f32" if name == "empty" else name)
        assert got.shape == (len(values),) and got.data.readonly
        assert got.values().tolist() == list(values)
    ours.close()
    assert wire.Channel(theirs).receive() is None


def test_numpy_arrays_travel_with_their_shape() -> None:
    numpy = pytest.importorskip("numpy")
    for dtype in ("uint8", "int32", "int64", "uint32", "uint64", "float32", "float64"):
        value = numpy.arange(6, dtype=dtype).reshape(2, 3)
        got = wire.as_array("x", value)
        assert got.shape == (2, 3) and bytes(got.data) == value.tobytes()
        assert wire.as_array("x", value[:0]).shape == (0, 3)
        assert wire.as_array("x", value.sum()).shape == ()
    with pytest.raises(WireFault, match="not C-contiguous"):
        wire.as_array("x", numpy.zeros((2, 3), "float32").T)
    with pytest.raises(WireFault, match="format 'e'"):
        wire.as_array("x", numpy.zeros(3, "float16"))
    with pytest.raises(WireFault, match="buffer protocol; list has not"):
        wire.as_array("x", [1.0])


ENTRY = {"name": "x", "type": "f32", "shape": [2]}
FAULTS = [
    (b"HTTP/1.1 200 OK and more of it", "begins with b'FLCM'; b'HTTP' came"),
    (b"FLC", "ended after 3 of a prefix's 24 bytes"),
    (framed({}, version=2), "version 1 of the wire; version 2 came"),
    (framed({}, op=7), "op is from 1 to 6; 7 came"),
    (framed({}, op=0), "op is from 1 to 6; 0 came"),
    (framed({}, header=65537), "at most 65536 bytes; one of 65537 was announced"),
    (framed({}, payload=1 << 21), "at most 1048576 bytes here; one of 2097152 was announced"),
    (framed({}, header=9), "ended after 2 of a header's 9 bytes"),
    (framed([]), "must be a JSON object; list came"),
    (framed(b"{"), "must be JSON: Expecting property name"),
    (framed(b'{"a":1,"a":1}'), "each key once; 'a' came twice"),
    (framed(b'{"a":NaN}'), "finite; NaN came"),
    (framed(b'{"a":1e400}'), "finite; 1e400 came"),
    (framed(b'{"a":"\xff"}'), "must be UTF-8; its byte 6 is not"),
    (framed(b'{"a":"\\uD834"}'), "half a surrogate pair"),
    (framed(b"[" * 30000), "nested too deep"),
    (framed({"arrays": 5}), "'arrays' must be a list"),
    (framed({"arrays": [{"name": "x"}]}), "keys name, type and shape"),
    (framed({"arrays": [{**ENTRY, "name": "x" * 65}]}), "at most 64 characters"),
    (framed({"arrays": [{**ENTRY, "type": "f16"}]}), "array 'x' must be of a type of u8, i32"),
    (framed({"arrays": [{**ENTRY, "shape": 2}]}), "list of whole numbers"),
    (framed({"arrays": [{**ENTRY, "shape": [-1]}]}), "whole numbers from 0 on"),
    (framed({"arrays": [{**ENTRY, "shape": [True]}]}), "whole numbers from 0 on"),
    (framed({"arrays": [{**ENTRY, "shape": [1] * 9}]}), "has 9 dimensions; at most 8"),
    (framed({"arrays": [{**ENTRY, "shape": [2**31, 2**31]}]}), "too large to count"),
    (framed({"arrays": [ENTRY, ENTRY]}, bytes(16)), "two arrays have the name 'x'"),
    (framed({"arrays": [ENTRY]}, bytes(16)), "need 8 bytes of payload; 16 were announced"),
    (framed({"arrays": [ENTRY]}, bytes(7), payload=8), "ended after 7 of a payload's 8 bytes"),
    (framed({"arrays": [{**ENTRY, "shape": [1]}]}, b"12345678"), "padding behind array 'x'"),
]


@pytest.mark.parametrize(("data", "sentence"), FAULTS)
def test_a_fault_says_what_was_expected_and_what_came(data: bytes, sentence: str) -> None:
    with pytest.raises(WireFault) as caught:
        parse(data)
    assert sentence in str(caught.value)


def test_what_could_not_be_read_is_not_sent() -> None:
    ours, theirs = socket.socketpair()
    channel = wire.Channel(ours)
    short = Array("f32", (3,), memoryview(b"1234"))
    for header, arrays, sentence in [
        ({"a": float("nan")}, {}, "plain JSON"),
        ({"a": object()}, {}, "plain JSON"),
        ({"a": "x" * 65536}, {}, "send long texts as an array"),
        ({"arrays": []}, {}, "the wire's own"),
        ({}, {"x" * 65: b""}, "at most 64"),
        ({}, {"x": short}, "needs 12 bytes; it has 4"),
    ]:
        with pytest.raises(WireFault, match=sentence):
            channel.send(Op.CALL, 1, header, arrays)
    ours.close()
    assert theirs.recv(1) == b""


def test_more_than_the_sockets_buffer_arrives_while_threads_send() -> None:
    ours, theirs = socket.socketpair()
    channel = wire.Channel(ours)
    big = array.array("i", range(1_000_000))

    def send(number: int) -> None:
        channel.send(Op.EVENT, number, {"n": number}, {"big": big, "odd": bytes(number)})

    threads = [threading.Thread(target=send, args=(n,)) for n in range(1, 5)]
    for thread in threads:
        thread.start()
    other = wire.Channel(theirs)
    frames = [other.receive() for _ in threads]
    assert sorted(f.sequence for f in frames if f) == [1, 2, 3, 4]
    for frame in frames:
        assert frame is not None
        assert frame.arrays["big"].data == big.tobytes()
        assert frame.arrays["odd"].shape == (frame.sequence,)


def test_many_arrays_pass_although_the_system_limits_the_buffers_of_a_call() -> None:
    ours, theirs = socket.socketpair()
    sent = {f"{i}": bytes([i % 256]) for i in range(1300)}
    wire.Channel(ours).send(Op.CALL, 1, {}, sent)
    frame = wire.Channel(theirs).receive()
    assert frame is not None
    assert {name: bytes(a.data) for name, a in frame.arrays.items()} == sent


def test_random_frames_come_back_and_damaged_ones_only_fault() -> None:
    faults = fuzz_wire.run(6000, seed=11, is_watching_memory=True)
    # Nearly each damaged frame is a fault; a cut of a whole frame or a flip in the data isn't.
    assert faults > 2000
