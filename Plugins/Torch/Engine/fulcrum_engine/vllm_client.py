"""Speaks with vLLM's process: calls, and completions that grow while the engine does other work."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from fulcrum.wire import Frame, Op, WireFault

from .collecting import Collector
from .errors import EngineError
from .rows import Completions
from .vllm_process import VLLMProcess
from .vllm_request import Asked, Served

Beat = Callable[[], None]
_LOADING = (
    "'vllm-python', 'vllm-options' or the model are not for each other: what it printed is in the"
    " output above; `sampler: torch` samples without vLLM"
)
_RESUME = (
    "the run's output has all that it printed; `fulcrum resume` goes on from the last checkpoint"
)


class VLLMClient:
    """One end of the connection; the engine's thread calls, a thread of its own reads.

    After an error of code plugin-fault it is of no use any more.

    Args:
        process: runs already.
        limit: seconds of silence after which it counts as hanging.
    """

    def __init__(self, process: VLLMProcess, limit: float) -> None:
        self._process, self._limit = process, limit
        self._channel = process.channel
        self._sequence = 0
        self._answers: queue.SimpleQueue[Frame | None] = queue.SimpleQueue()
        self._heard = time.monotonic()
        self._collector: Collector | None = None
        # Of its loss: before the model is there, nothing can be resumed.
        self._remedy = _LOADING
        self._error: EngineError | None = None
        threading.Thread(target=self._read, name="vllm", daemon=True).start()

    def start(self, options: Mapping[str, Any], cache_bytes: int) -> None:
        """Sends the call that loads the model; `started` waits for its end."""
        self._send("start", {"options": dict(options), "cacheBytes": cache_bytes})

    def started(self, beat: Beat) -> Served:
        """Waits until the model is there, and gives what it is.

        Raises:
            EngineError: not-found, unsupported, plugin-fault.
        """
        served = Served.read(self._wait("loads the model", beat).header)
        self._remedy = _RESUME
        return served

    def workers(
        self, method: str, arguments: Mapping[str, Any], beat: Beat, resets: bool = False
    ) -> list[dict[str, Any]]:
        """Calls a method of all workers, and gives their answers.

        Args:
            resets: whether what was computed of prompts is of no use afterwards.
        """
        header = {"method": method, "arguments": dict(arguments), "resets": resets}
        self._send("worker", header)
        answers: list[dict[str, Any]] = self._wait("takes the weights", beat).header["answers"]
        return answers

    def adapter(self, folder: str, version: int, beat: Beat) -> int:
        """Lets vLLM take an adapter in PEFT's layout; gives the version that it has then."""
        self._send("adapter", {"folder": folder, "version": version})
        return int(self._wait("takes the adapter", beat).header["version"])

    def begin(self, asked: Asked, collector: Collector) -> None:
        """Lets vLLM sample, and gives back at once."""
        self._collector = collector
        self._send("generate", asked.header, asked.arrays)

    def finish(self, beat: Beat) -> tuple[Completions, int]:
        """Waits for what `begin` began; gives it with the version of the weights.

        Raises:
            EngineError: not-finite, unsupported, plugin-fault.
        """
        collector = self._collector
        assert collector is not None
        try:
            header = self._wait("samples", beat).header
        finally:
            self._collector = None
        if (error := self._error) is not None:
            self._error = None
            raise error
        return collector.completions(header["ends"]), int(header["version"])

    def close(self) -> None:
        """Ends the process."""
        try:
            self._send("end", {})
        except EngineError:
            self._process.kill()
        self._process.close()

    def _send(
        self, name: str, header: Mapping[str, Any], arrays: Mapping[str, Any] | None = None
    ) -> None:
        self._sequence += 1
        self._heard = time.monotonic()
        try:
            self._channel.send(Op.CALL, self._sequence, {"call": name, **header}, arrays)
        except OSError:
            when = "before it loaded the model" if name == "start" else "between two calls"
            raise self._gone(when) from None

    def _wait(self, doing: str, beat: Beat) -> Frame:
        while True:
            try:
                frame = self._answers.get(timeout=0.5)
            except queue.Empty:
                beat()
                if time.monotonic() - self._heard > self._limit:
                    raise self._hangs(doing) from None
                continue
            if frame is None:
                raise self._gone(f"while it {doing}")
            if frame.op == Op.REPLY:
                return frame
            self._raise(frame, doing)

    def _raise(self, frame: Frame, doing: str) -> None:
        code, message = str(frame.header.get("code")), str(frame.header.get("message"))
        if code == "not-found":
            raise EngineError(
                code,
                message,
                "install vLLM there (Documentation/Engine.md, 'Sampling by vLLM'), or name another"
                " interpreter in the policy's parameter 'vllm-python'",
            )
        if code != "plugin-fault":
            # Where vLLM is several processes, the cause is in what another one printed.
            lines = self._process.last_lines() if "root cause above" in message else ""
            hint = _LOADING if code == "unsupported" and self._remedy == _LOADING else None
            raise EngineError(code, message + lines, _memory_hint(message) or hint)
        self._process.kill()
        raise EngineError(
            code,
            f"vLLM failed while it {doing}: {message}{self._process.last_lines()}",
            _memory_hint(message) or self._remedy,
        )

    def _gone(self, when: str) -> EngineError:
        ending = self._process.ending()
        self._process.kill()
        hint = self._remedy
        if "SIGKILL" in ending:
            hint = "the system ends so what takes too much memory; " + hint
        return EngineError(
            "plugin-fault",
            f"vLLM's process {ending} {when}{self._process.last_lines()}",
            hint,
        )

    def _hangs(self, doing: str) -> EngineError:
        self._process.kill()
        return EngineError(
            "plugin-fault",
            f"vLLM has said nothing for {self._limit:g} s (time-limit) while it {doing}"
            f"{self._process.last_lines()}",
            self._remedy,
        )

    # What follows is done by the reading thread.

    def _read(self) -> None:
        try:
            while (frame := self._channel.receive()) is not None:
                self._heard = time.monotonic()
                if frame.op in (Op.REPLY, Op.ERROR):
                    self._answers.put(frame)
                elif frame.op == Op.EVENT:
                    self._take(frame)
        except (OSError, WireFault):
            # Its end is told as such: how the process ended says more.
            pass
        finally:
            self._answers.put(None)

    def _take(self, frame: Frame) -> None:
        """Notes new tokens, and tells which completions are at their ends."""
        if self._collector is None or self._error is not None:
            return
        arrays = {name: array.numpy() for name, array in frame.arrays.items()}
        try:
            ended = self._collector.take(
                arrays["sequences"], arrays["tokens"], arrays["logProbabilities"]
            )
        except EngineError as error:
            self._error = error
            # All of them: nobody needs the rest.
            ended = np.arange(self._collector.count)
        if len(ended):
            self._channel.send(Op.ANSWER, frame.sequence, {}, {"sequences": ended})


def _memory_hint(message: str) -> str | None:
    words = message.lower()
    if "memory" not in words and "kv cache" not in words:
        return None
    return (
        "vLLM's share is set in 'vllm-options': gpu_memory_utilization or kv_cache_memory_bytes,"
        " and a lower max_model_len needs less"
    )
