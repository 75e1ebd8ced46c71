"""Times a round: 16,384 tokens' three f32 columns to another process and back, by a Unix socket.

Run: `python Python/tests/time_wire.py [ROUNDS]`. Fails above 0.3 ms a round (the median).
"""

from __future__ import annotations

import array
import os
import socket
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fulcrum import wire

TOKENS = 16_384
LIMIT_MS = 0.3


def echo(sock: socket.socket) -> None:
    channel = wire.Channel(sock)
    while (frame := channel.receive()) is not None:
        channel.send(wire.Op.REPLY, frame.sequence, {}, frame.arrays)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        echo(theirs)
        os._exit(0)
    theirs.close()
    column = array.array("f", range(TOKENS))
    names = ("logProbabilities", "entropies", "levers")
    columns = {name: column for name in names}
    channel = wire.Channel(ours)
    times = []
    for i in range(rounds):
        began = time.perf_counter()
        channel.send(wire.Op.CALL, i + 1, {"call": "echo"}, columns)
        frame = channel.receive()
        times.append((time.perf_counter() - began) * 1e3)
        assert frame is not None and frame.sequence == i + 1
    assert all(frame.arrays[name].data == column.tobytes() for name in names)
    channel.close()
    os.wait()
    median = statistics.median(times)
    print(f"{median:.3f} ms a round (fastest {min(times):.3f}, slowest {max(times):.3f})")
    sys.exit(0 if median < LIMIT_MS else 1)


if __name__ == "__main__":
    main()
