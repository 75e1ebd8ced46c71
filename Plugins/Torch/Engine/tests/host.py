"""A small host: listens, starts an engine's ranks, calls rank 0."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from conftest import ROOT
from fulcrum.wire import Channel, Frame, Op

from fulcrum_engine.channel import numpy_arrays

TOKEN = "5e" * 32
# Importing torch and transformers takes some seconds, more on a busy machine.
START_SECONDS = 120.0
Arrays = dict[str, np.ndarray]
# Receives an event's header and arrays; gives the answer, or None where none is expected.
Listener = Callable[[dict[str, Any], Arrays], tuple[dict[str, Any], Mapping[str, Any]] | None]


class CallFailed(Exception):
    """An error reply; `header` is its header."""

    def __init__(self, header: dict[str, Any]) -> None:
        super().__init__(header["message"])
        self.header = header


class Host:
    """An engine of some ranks, started as the host starts it; ends with the `with`."""

    def __init__(self, ranks: int = 1, is_tcp: bool = False, **environment: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        path = str(Path(self._folder.name) / "engine")
        if is_tcp:
            self._listener = socket.create_server(("127.0.0.1", 0))
            address = f"tcp:127.0.0.1:{self._listener.getsockname()[1]}"
        else:
            self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._listener.bind(path)
            self._listener.listen(16)
            address = f"unix:{path}"
        self._listener.settimeout(START_SECONDS)
        launch = [sys.executable]
        if ranks > 1:
            launch += ["-m", "torch.distributed.run", f"--nproc-per-node={ranks}"]
            launch += ["--master-addr=127.0.0.1", f"--master-port={_free_port()}"]
        folders = [ROOT / "Python", Path(__file__).resolve().parents[1]]
        values = {
            **os.environ,
            "FULCRUM_ENGINE_ADDRESS": address,
            "FULCRUM_ENGINE_TOKEN": TOKEN,
            "PYTHONPATH": os.pathsep.join(map(str, folders)),
            "OMP_NUM_THREADS": "1",
            "HF_HUB_OFFLINE": "1",
            **environment,
        }
        self.log = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        self.process = subprocess.Popen(
            [*launch, "-m", "fulcrum_engine"], env=values, stdout=self.log, stderr=self.log
        )
        self.lifelines: dict[int, Channel] = {}
        self.pids: dict[int, int] = {}
        self._sequence = 0
        while len(self.lifelines) < ranks:
            self._accept()

    def __enter__(self) -> Host:
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if error is not None:
            print(self.printed(), file=sys.stderr)
        self.log.close()
        self._folder.cleanup()

    def call(
        self,
        name: str,
        header: Mapping[str, Any] | None = None,
        arrays: Mapping[str, Any] | None = None,
        listen: Listener | None = None,
    ) -> tuple[dict[str, Any], Arrays]:
        """Calls the engine; events go to `listen`.

        Raises:
            CallFailed: for an error reply.
        """
        while not hasattr(self, "calls"):
            self._accept()
        self._sequence += 1
        self.calls.send(Op.CALL, self._sequence, {"call": name, **(header or {})}, arrays)
        while True:
            frame = self.calls.receive()
            assert frame is not None, f"the engine is gone:\n{self.printed()}"
            assert frame.sequence == self._sequence
            if frame.op == Op.REPLY:
                return frame.header, numpy_arrays(frame.arrays)
            if frame.op == Op.ERROR:
                raise CallFailed(frame.header)
            assert frame.op == Op.EVENT
            if "progress" in frame.header:
                continue
            assert listen is not None
            answer = listen(frame.header, numpy_arrays(frame.arrays))
            if answer is not None:
                self.calls.send(Op.ANSWER, self._sequence, *answer)

    def start(self, folder: Path, **parameters: Any) -> dict[str, Any]:
        """Starts the model of a folder, and loads its weights."""
        named = {name.replace("_", "-"): value for name, value in parameters.items()}
        given = {"checkpoint": str(folder), "device": "cpu", **named}
        started, _ = self.call("start", {"parameters": given, "seed": "1", "threads": 1})
        loaded, _ = self.call("load")
        return {**started, **loaded}

    def last_word(self, rank: int) -> Frame | None:
        """What a rank says on its lifeline beside its beats; None if it ends without a word."""
        while True:
            frame = self.lifelines[rank].receive()
            if frame is None or frame.op != Op.EVENT:
                return frame

    def close(self) -> None:
        """Goes away, as a host that ends: all connections close."""
        for channel in [
            *self.lifelines.values(),
            *([self.calls] if hasattr(self, "calls") else []),
        ]:
            channel.close()
        self._listener.close()

    def printed(self) -> str:
        """What the ranks have printed."""
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def has_ended_within(self, seconds: float) -> bool:
        """Whether every rank's process ends in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.process.poll()
            if not any(_is_running(pid) for pid in self.pids.values()):
                return True
            time.sleep(0.01)
        return False

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        connection.settimeout(START_SECONDS)
        channel = Channel(connection)
        hello: Frame | None = channel.receive()
        assert hello is not None and hello.op == Op.HELLO and hello.sequence == 0
        assert hello.header["token"] == TOKEN
        rank = hello.header["rank"]
        if hello.header["role"] == "lifeline":
            self.lifelines[rank] = channel
            self.pids[rank] = hello.header["pid"]
        else:
            assert hello.header["role"] == "calls" and rank == 0
            self.calls = channel


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
