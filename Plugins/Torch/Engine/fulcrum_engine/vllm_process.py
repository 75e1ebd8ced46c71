"""Starts vLLM's process, listens to what it prints, and ends it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from fulcrum.wire import Channel

from fulcrum_vllm.watch import end_group

from .errors import EngineError
from .vllm_exchange import Exchange

_LINES = 20
_LONGEST = 400
# What a launcher says of the engine's ranks is not said of vLLM's.
_LAUNCHERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "ROLE_RANK",
              "MASTER_ADDR", "MASTER_PORT")  # fmt: skip
_PARALLEL = ("tensor_parallel_size", "pipeline_parallel_size")


class VLLMProcess:
    """A process in a group of its own, with all that vLLM starts.

    It ends when this one does, however that ends.

    Attributes:
        channel: speaks with it.
    """

    def __init__(self, python: str, environment: Mapping[str, str], exchange: Exchange) -> None:
        """Starts it.

        Raises:
            EngineError: parameter, if the interpreter can't be run.
        """
        own, other = socket.socketpair()
        self._lifeline, lifeline = socket.socketpair()
        numbers = (other.fileno(), lifeline.fileno())
        words = [*map(str, numbers), str(os.getpid()), str(exchange.folder)]
        try:
            self._process = subprocess.Popen(
                [python or sys.executable, "-m", "fulcrum_vllm", *words],
                env=dict(environment),
                pass_fds=numbers,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            own.close()
            self._lifeline.close()
            raise EngineError(
                "parameter",
                f"parameter 'vllm-python': can't run '{python}': {error.strerror}",
                "name the interpreter of an environment that vLLM is installed in",
            ) from error
        finally:
            other.close()
            lifeline.close()
        self.channel = Channel(own)
        self._exchange = exchange
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._reader = threading.Thread(target=self._listen, name="vllm output", daemon=True)
        self._reader.start()
        threading.Thread(target=self._watch, name="vllm process", daemon=True).start()

    @property
    def pid(self) -> int:
        """Its number, and its group's."""
        return self._process.pid

    def ending(self) -> str:
        """How it ended, as the end of a sentence."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        status = self._process.returncode
        if status is None:
            return "closed its connection"
        if status < 0:
            return f"was ended by signal {-status} ({signal.Signals(-status).name})"
        return f"ended with status {status}"

    def last_lines(self) -> str:
        """What it printed last, as the end of a message; empty if it has printed nothing."""
        # What is in the pipe yet comes in a moment, and its end with the group's.
        self._reader.join(2 if self._process.poll() is not None else 0)
        lines = [line for line in self._lines if line]
        return "; its last lines:\n  " + "\n  ".join(lines) if lines else ""

    def kill(self) -> None:
        """Ends it at once, with all that it has started; harmless if it has ended."""
        # The group lives while a member does.
        end_group(self._process.pid)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        # The host may end this process as soon as it hears of the loss.
        self._exchange.close()

    def close(self, seconds: float = 3) -> None:
        """Waits for it to end, some seconds at most, and closes everything."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        self.kill()
        # What it has printed is passed on to the last line.
        self._reader.join(2)
        self.channel.close()
        self._lifeline.close()

    def _watch(self) -> None:
        self._process.wait()
        # Children would keep the connection open, and the memory.
        end_group(self._process.pid)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            text = line.decode(errors="replace").rstrip()
            self._lines.append(text[:_LONGEST])
            print(f"vllm: {text}", file=sys.stderr, flush=True)


def environment_of(
    given: Mapping[str, str],
    exchange: Exchange,
    devices: str,
    threads: int,
    options: Mapping[str, Any],
) -> dict[str, str]:
    """The environment of vLLM's process.

    Args:
        given: this process's.
        devices: CUDA's, empty: as they are.
        threads: of the processor, 0: as the environment or vLLM says.
        options: of vLLM.
    """
    names = [name for name in given if not name.startswith("TORCHELASTIC_")]
    result = {name: given[name] for name in names if name not in _LAUNCHERS}
    folders = [str(exchange.packages()), result.get("PYTHONPATH", "")]
    result["PYTHONPATH"] = os.pathsep.join(filter(None, folders))
    # The model's files are there: the engine has read them.
    result["HF_HUB_OFFLINE"] = "1"
    for name, value in {
        "PYTHONUNBUFFERED": "1",
        "VLLM_NO_USAGE_STATS": "1",
        # Its warnings are of a server's tokenizer and templates, which aren't used.
        "VLLM_LOGGING_LEVEL": "ERROR",
    }.items():
        result.setdefault(name, value)
    if not any(options.get(name, 1) != 1 for name in _PARALLEL):
        # One process where one is enough: nothing to copy between processes, nothing to lose.
        result.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
    if threads:
        result.setdefault("OMP_NUM_THREADS", str(threads))
    if devices:
        result["CUDA_VISIBLE_DEVICES"] = devices
    return result
