"""What the engine does wrong, where a test asks for it: FAKE_ENGINE, a JSON object.

`call` names the call, `do` what is done: die, kill, hang, nonsense, fault; drop, cut or retype the
array `array` of the reply (of the events with `event`), or put a value into it; skip, repeat or
split the events. `header` has other members for the reply's header.
"""

from __future__ import annotations

import array
import os
import signal
import time
from typing import Any

from fulcrum import wire

Content = tuple[dict[str, Any], dict[str, Any]]


class Misbehaviour:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.deed = plan.get("do", "")

    def before(self, call: str, channel: wire.Channel) -> None:
        """What happens instead of the call."""
        if call != self.plan.get("call"):
            return
        if self.deed == "die":
            print("the engine dies")
            os._exit(7)
        if self.deed == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.deed == "hang":
            time.sleep(600)
        if self.deed == "nonsense":
            channel.socket.sendall(b"no frame at all, but a text")
            time.sleep(600)
        if self.deed == "fault":
            raise RuntimeError("the engine is sad")

    def reply(self, call: str, header: dict[str, Any], arrays: dict[str, Any]) -> Content:
        if call != self.plan.get("call") or self.plan.get("event"):
            return header, arrays
        return header | self.plan.get("header", {}), self._bent(arrays)

    def events(self, call: str, header: dict[str, Any], arrays: dict[str, Any]) -> list[Content]:
        """The events that are sent instead of one."""
        if call != self.plan.get("call") or not self.plan.get("event"):
            return [(header, arrays)]
        if self.deed == "skip":
            return []
        if self.deed == "repeat":
            return [(header, arrays)] * 2
        if self.deed == "split":
            halves: list[Content] = []
            for half in (slice(0, 1), slice(1, None)):
                halves.append((header, {name: plain(v)[half] for name, v in arrays.items()}))
            return halves
        return [(header | self.plan.get("header", {}), self._bent(arrays))]

    def _bent(self, arrays: dict[str, Any]) -> dict[str, Any]:
        name = self.plan.get("array")
        if name is None:
            return arrays
        values = plain(arrays[name])
        if self.deed == "drop":
            return {key: value for key, value in arrays.items() if key != name}
        if self.deed == "cut":
            values = values[:-1]
        if self.deed == "retype":
            values = array.array("d", values)
        if self.deed == "put":
            number = self.plan["value"]
            values[self.plan.get("index", 0)] = float(number) if number == "nan" else number
        return arrays | {name: values}


def plain(value: Any) -> array.array[Any]:
    """Numbers that may be changed."""
    if isinstance(value, wire.Array):
        return array.array("f" if value.type == "f32" else "B", value.values())
    return array.array("B" if isinstance(value, bytes) else value.typecode, value)
