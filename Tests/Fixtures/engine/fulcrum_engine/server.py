"""Connects to the host, and replies to its calls. Only rank 0 works; the others are there."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
import traceback
from typing import Any

from fulcrum import wire

from .calls import Engine
from .misbehaviour import Misbehaviour
from .notes import note
from .state import Refusal


def connect() -> socket.socket:
    kind, _, rest = os.environ["FULCRUM_ENGINE_ADDRESS"].partition(":")
    if kind == "unix":
        plug = socket.socket(socket.AF_UNIX)
        plug.connect(rest)
        return plug
    host, _, port = rest.rpartition(":")
    return socket.create_connection((host, int(port)))


def hello(role: str, rank: int, size: int) -> wire.Channel:
    channel = wire.Channel(connect())
    header = {
        "token": os.environ["FULCRUM_ENGINE_TOKEN"], "role": role, "rank": rank,
        "worldSize": size, "pid": os.getpid(), "host": socket.gethostname(),
    }  # fmt: skip
    channel.send(wire.Op.HELLO, 0, header)
    return channel


def watch(lifeline: wire.Channel) -> None:
    """Ends the process when the host is gone."""
    try:
        lifeline.receive()
    finally:
        os._exit(1)


class Call:
    """The call at hand, and how the engine speaks meanwhile."""

    def __init__(self, channel: wire.Channel, frame: wire.Frame, lies: Misbehaviour) -> None:
        self.channel, self.frame, self.lies = channel, frame, lies
        self.name = frame.header["call"]

    def event(self, header: dict[str, Any], arrays: dict[str, Any]) -> None:
        """Tells of something on the way."""
        for head, columns in self.lies.events(self.name, header, arrays):
            self.channel.send(wire.Op.EVENT, self.frame.sequence, head, columns)

    def ask(self, header: dict[str, Any], arrays: dict[str, Any]) -> wire.Frame | None:
        """Tells of something, and gives the host's answer; None where a lie swallowed the event."""
        answer = None
        for head, columns in self.lies.events(self.name, header, arrays):
            self.channel.send(wire.Op.EVENT, self.frame.sequence, head, columns)
            answer = self.channel.receive()
        return answer


def serve(channel: wire.Channel, lies: Misbehaviour) -> None:
    engine = Engine()
    number = 0
    while (frame := channel.receive()) is not None:
        number += 1
        if frame.op != wire.Op.CALL or frame.sequence != number:
            raise wire.WireFault(f"expected call {number}, got {frame.op} {frame.sequence}")
        call = Call(channel, frame, lies)
        try:
            lies.before(call.name, channel)
            header, arrays = engine.reply(call)
        except Refusal as refusal:
            channel.send(wire.Op.ERROR, number, refusal.header)
            continue
        except Exception as error:
            place = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{os.path.basename(place.filename)} in {place.name}"
            fault = {"message": str(error), "code": "plugin-fault", "where": where}
            channel.send(wire.Op.ERROR, number, fault)
            continue
        header, arrays = lies.reply(call.name, header, arrays)
        channel.send(wire.Op.REPLY, number, header, arrays)
        if call.name == "end":
            return


def main() -> None:
    rank, size = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    lifeline = hello("lifeline", rank, size)
    threading.Thread(target=watch, args=(lifeline,), daemon=True).start()
    note("processes", os.getpid())
    while rank > 0:
        time.sleep(60)
    lies = Misbehaviour(json.loads(os.environ.get("FAKE_ENGINE", "{}")))
    serve(hello("calls", rank, size), lies)
    sys.exit(0)
