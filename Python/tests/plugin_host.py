"""A small host: listens, starts a plugin's worker, calls it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

from fulcrum.wire import Array, Channel, Op

TOKEN = "5e" * 32
PACKAGE = Path(__file__).resolve().parents[1]
# Far above the start's time on a busy machine.
SECONDS = 60.0


class CallFailed(Exception):
    """An error reply; `header` is its header."""

    def __init__(self, header: dict[str, Any]) -> None:
        super().__init__(header["message"])
        self.header = header


class Gone(Exception):
    """The worker closed its connection instead of answering."""


class Host:
    """A worker of a plugin's text, started as the host starts it; ends with the `with`."""

    def __init__(self, text: str, name: str = "damp.py", **environment: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.folder = Path(self._folder.name)
        self.file = self.folder / name
        self.file.write_text(dedent(text))
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self.folder / "socket"))
        listener.listen()
        listener.settimeout(SECONDS)
        values = {
            **os.environ,
            "FULCRUM_ENGINE_ADDRESS": f"unix:{self.folder / 'socket'}",
            "FULCRUM_ENGINE_TOKEN": TOKEN,
            "PYTHONPATH": str(PACKAGE),
            "OMP_NUM_THREADS": "1",
            **environment,
        }
        # Appended to, wherever this end reads.
        self._log = tempfile.TemporaryFile("a+b")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "fulcrum.worker", str(self.file)],
            env=values,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        self.lifeline, self.calls = (self._accept(listener, r) for r in ("lifeline", "calls"))
        listener.close()
        self._sequence = 0

    def _accept(self, listener: socket.socket, role: str) -> Channel:
        connection, _ = listener.accept()
        connection.settimeout(SECONDS)
        channel = Channel(connection)
        hello = channel.receive()
        assert hello is not None and hello.op == Op.HELLO and hello.sequence == 0
        expected = {"token": TOKEN, "role": role, "rank": 0, "worldSize": 1}
        assert expected.items() <= hello.header.items()
        assert hello.header["pid"] == self.process.pid
        return channel

    def call(
        self, call: str, arrays: Mapping[str, Any] | None = None, /, **header: Any
    ) -> tuple[dict[str, Any], dict[str, Array]]:
        self._sequence += 1
        self.calls.send(Op.CALL, self._sequence, {"call": call, **header}, arrays)
        frame = self.calls.receive()
        if frame is None:
            raise Gone(self.printed())
        assert frame.sequence == self._sequence
        if frame.op == Op.ERROR:
            raise CallFailed(frame.header)
        assert frame.op == Op.REPLY
        return frame.header, frame.arrays

    def fails(self, call: str, arrays: Mapping[str, Any] | None = None, /, **header: Any) -> Any:
        """The header of the error with which a call ends."""
        try:
            got = self.call(call, arrays, **header)
        except CallFailed as failure:
            return failure.header
        raise AssertionError(f"expected an error, got {got}")

    def make(
        self, kind: str, name: str, parameters: Mapping[str, Any] | None = None, seed: int = 7
    ) -> dict[str, Any]:
        given = {"kind": kind, "name": name, "parameters": parameters or {}}
        return self.call("make", **given, seed=str(seed), threads=1)[0]

    def printed(self) -> str:
        """What the worker has printed."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")

    def __enter__(self) -> Host:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: Any) -> None:
        self.calls.close()
        self.lifeline.close()
        self.process.wait(20)
        if error is not None:
            print(self.printed(), file=sys.stderr)
        self._log.close()
        self._folder.cleanup()


def read(array: Array) -> Any:
    """The JSON in an array."""
    return json.loads(array.text())
