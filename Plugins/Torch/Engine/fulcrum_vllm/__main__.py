"""Entry of the process that samples: `python -m fulcrum_vllm …`, started by the engine alone.

The watch is there before vLLM is, for importing it takes seconds.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import socket
import sys

from fulcrum.wire import Channel, Op, WireFault

from .watch import die_with, watch


def main() -> int:
    """Serves the engine; gives the exit status."""
    if len(sys.argv) != 5 or not all(word.isdecimal() for word in sys.argv[1:4]):
        print(
            "fulcrum_vllm is a part of Fulcrum's engine, which starts it when the policy's "
            "parameter 'sampler' is vllm",
            file=sys.stderr,
        )
        return 2
    calls, lifeline, parent = map(int, sys.argv[1:4])
    for number in (calls, lifeline):
        os.set_inheritable(number, False)
    faulthandler.enable()
    # An interrupt at the terminal reaches all processes; the host decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # In this order: the watch clears up even if the engine is gone by now.
    watch(lifeline, calls, sys.argv[4])
    die_with(parent)
    channel = Channel(socket.socket(fileno=calls))
    try:
        try:
            from .serving import Serving
        except ImportError as error:
            _refuse(channel, error)
            return 1
        Serving(channel).run()
    except (OSError, WireFault) as error:
        # The engine is gone, or speaks another language: there is nobody to tell.
        print(f"the engine can't be reached: {error}", file=sys.stderr)
        return 1
    return 0


def _refuse(channel: Channel, error: ImportError) -> None:
    """Tells the engine, as the answer to its first call, which package is missing."""
    frame = channel.receive()
    if frame is not None:
        message = f"{sys.executable} has no package '{error.name or error}'"
        header = {"code": "not-found", "message": message}
        channel.send(Op.ERROR, frame.sequence, header)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # At once: libraries' threads can hold up an ordinary exit for seconds.
    os._exit(status)
