"""Fuzzes the wire: valid frames must come back as they went, damaged ones may only raise WireFault.

Run: `python Python/tests/fuzz_wire.py N [SEED]`. It prints the seed, and fails at the first frame
that breaks a rule, whose bytes it prints.
"""

from __future__ import annotations

import json
import random
import struct
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fulcrum import wire

SIZES = {"u8": 1, "i32": 4, "i64": 8, "u32": 4, "u64": 8, "f32": 4, "f64": 8}
LIMIT = 1 << 24
# A frame that announces much may take one chunk, and what a faulty header's own JSON takes.
MOST_MEMORY = 3 << 20
SCALARS: list[Any] = [0, 1, -5, 2**63, 0.25, -1e-300, True, None, "", "text", "é\u2028🜁", "a\0b"]


class Reader:
    """Gives bytes in pieces of random length, and counts what it gave."""

    def __init__(self, data: bytes, source: random.Random) -> None:
        self.data, self.source, self.given = data, source, 0

    def __call__(self, count: int) -> bytes:
        if self.source.random() < 0.3:
            count = self.source.randint(1, count)
        piece = self.data[self.given : self.given + count]
        self.given += len(piece)
        return piece


def random_frame(source: random.Random) -> wire.Frame:
    """A valid frame: a few keys, a few small arrays, empty ones and scalars among them."""
    header: dict[str, Any] = {
        f"key{i}": source.choice(SCALARS) for i in range(source.randint(0, 3))
    }
    if source.random() < 0.2:
        header["nested"] = {"list": [[source.choice(SCALARS)], {"x": {}}]}
    arrays = {}
    for i in range(source.randint(0, 3)):
        kind = source.choice(list(SIZES))
        shape = tuple(source.randint(0, 4) for _ in range(source.randint(0, 3)))
        size = SIZES[kind]
        for extent in shape:
            size *= extent
        arrays[f"array{i}"] = wire.Array(kind, shape, memoryview(source.randbytes(size)))
    op = source.choice(list(wire.Op))
    return wire.Frame(op, source.choice([0, 1, 2**32 - 1]), header, arrays)


def with_header(text: bytes, payload: bytes = b"", announced: int | None = None) -> bytes:
    """A frame of any header bytes at all."""
    size = len(payload) if announced is None else announced
    return wire.PREFIX.pack(b"FLCM", 1, 2, 1, len(text), size) + text + payload


def hostile_header(source: random.Random) -> bytes:
    """A frame whose header is wrong in a way of its own."""
    depth = source.choice([40, 900, 5000, 30000])
    name = "n" * source.choice([1, 64, 65, 3000])
    extent = source.choice([-1, 0, 2**31, 2**62, 2**63, 2**64, 10**30, 1.5, True, None, "3"])
    entry = {"name": name, "type": source.choice(["f32", "u8", "f16", 3, []]), "shape": [extent]}
    bad = [
        b'{"a":' * depth + b"1" + b"}" * depth,
        b"[" * depth + b"]" * depth,
        b'{"a":' + b"[" * depth + b"]" * depth + b"}",
        b'{"a":1,"a":2}',
        b'{"b":{"a":1,"a":2}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 9000 + b"}",
        b'{"a":"\xff\xfe"}',
        b'{"a":"\\ud800"}',
        b"\xef\xbb\xbf{}",
        b"",
        b"null",
        b"[1]",
        b'{"arrays":{}}',
        b'{"arrays":[1]}',
        json.dumps({"arrays": [entry]}).encode(),
        json.dumps({"arrays": [entry, entry]}).encode(),
        json.dumps({"arrays": [{**entry, "shape": [1] * 9}]}).encode(),
        json.dumps({"arrays": [{**entry, "shape": [2**40, 0, 2**40]}]}).encode(),
        b"{" + source.randbytes(20) + b"}",
    ]
    announced = source.choice([None, None, 0, 4, 8, 1 << 23, 1 << 62, 2**64 - 1])
    return with_header(source.choice(bad), source.randbytes(8), announced)


def announced_only(source: random.Random) -> bytes:
    """A frame that announces up to the limit, and sends next to nothing of it."""
    size = source.choice([1 << 21, LIMIT, LIMIT - 8])
    text = json.dumps({"arrays": [{"name": "a", "type": "u8", "shape": [size]}]}).encode()
    return with_header(text, source.randbytes(source.randint(0, 64)), size)


def damaged(data: bytes, source: random.Random) -> bytes:
    """The frame with bits flipped, bytes cut or added, or a length that lies."""
    way = source.randrange(5)
    changed = bytearray(data)
    if way == 0:
        for _ in range(source.randint(1, 4)):
            changed[source.randrange(len(changed))] ^= 1 << source.randrange(8)
    elif way == 1:
        del changed[source.randrange(len(changed)) :]
    elif way == 2:
        place = source.randrange(len(changed))
        del changed[place : place + source.randint(1, 9)]
    elif way == 3:
        place = source.randrange(len(changed))
        changed[place:place] = source.randbytes(source.randint(1, 9))
    else:
        lie = source.choice([0, 1, 7, 8, 2**16, 2**16 + 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1])
        place, form = source.choice([(12, "<I"), (16, "<Q")])
        struct.pack_into(form, changed, place, lie & (2**32 - 1 if form == "<I" else 2**64 - 1))
    return bytes(changed)


def check_round(source: random.Random) -> None:
    """A valid frame comes back the same, its length and no byte more was read."""
    frame = random_frame(source)
    data = b"".join(bytes(piece) for piece in wire.encode(frame))
    read = Reader(data + b"next", source)
    back = wire.decode(read, LIMIT)
    assert back == frame, f"{frame} came back as {back}"
    assert read.given == len(data), f"{read.given} of {len(data)} bytes were read"


def check_fault(source: random.Random) -> bool:
    """Bytes of any kind give a frame or a WireFault. Gives whether it was a fault."""
    pick = source.random()
    if pick < 0.6:
        data = damaged(b"".join(bytes(p) for p in wire.encode(random_frame(source))), source)
    elif pick < 0.97:
        data = hostile_header(source)
    else:
        data = announced_only(source)
    try:
        frame = wire.decode(Reader(data, source), LIMIT)
    except wire.WireFault as fault:
        text = str(fault)
        assert 10 < len(text) < 600, f"no plain sentence: {text}"
        return True
    except BaseException:
        print(f"not a WireFault, for the bytes {data[:4000]!r}")
        raise
    if frame is not None:
        wire.encode(frame)  # what was taken can be sent on
    return False


def run(count: int, seed: int, is_watching_memory: bool) -> int:
    """Checks `count` frames, half of them valid; gives the number of faults."""
    source = random.Random(seed)
    faults = 0
    if is_watching_memory:
        tracemalloc.start()
    for i in range(count):
        if i % 2 == 0:
            check_round(source)
            continue
        if is_watching_memory:
            before = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
        faults += check_fault(source)
        if is_watching_memory:
            grown = tracemalloc.get_traced_memory()[1] - before
            assert grown < MOST_MEMORY, f"frame {i} took {grown} bytes"
    if is_watching_memory:
        tracemalloc.stop()
    return faults


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().getrandbits(32)
    print(f"seed {seed}", flush=True)
    began = time.perf_counter()
    # Watching memory costs much time: a part of the frames says enough.
    watched = min(count, 20_000)
    faults = run(watched, seed, True) + run(count - watched, seed + 1, False)
    seconds = time.perf_counter() - began
    print(f"{count} frames, {faults} faults, {seconds:.0f} s")


if __name__ == "__main__":
    main()
