"""The process's calls: start, update, generate; one at a time, over Fulcrum's wire."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping
from typing import Any

from fulcrum.wire import Array, Channel, Frame, Op, WireFault

from .sampling import Sampling, Serves, probe

EXTENSION = "fulcrum_vllm.extension.FulcrumWorker"
# A message is a sentence, not a dump.
_MOST = 2000


class Serving:
    """Answers the engine until it says `end` or closes the connection."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._sequence = 0
        self._llm: Any = None
        self._adapter: Any = None

    def run(self) -> None:
        """Serves calls.

        Raises:
            OSError, WireFault: if the engine can't be reached any more.
        """
        while (frame := self._next()) is not None:
            name = frame.header.get("call")
            try:
                header = self._answer(str(name), frame)
            except WireFault:
                raise
            except _RefusedError as error:
                self._channel.send(
                    Op.ERROR, self._sequence, {"message": str(error), "code": error.code}
                )
            except Exception as error:
                self._fail(error, "unsupported" if name == "start" else "plugin-fault")
                return
            else:
                self._channel.send(Op.REPLY, self._sequence, header)
            if name == "end":
                return

    def _next(self) -> Frame | None:
        while (frame := self._channel.receive()) is not None:
            if frame.op == Op.CALL:
                self._sequence = frame.sequence
                return frame
            # What ended by itself may be told to end a moment later.
        return None

    def _answer(self, name: str, frame: Frame) -> dict[str, Any]:
        if name == "start":
            return self._start(frame.header)
        if name == "end":
            if self._llm is not None:
                self._llm.llm_engine.engine_core.shutdown()
            return {}
        if self._llm is None:
            raise _RefusedError("usage", f"the call '{name}' came before 'start'")
        if name == "generate":
            return self._generate(frame)
        if name == "version":
            return {"version": self._version()}
        if name == "worker":
            return self._worker(frame.header)
        if name == "adapter":
            return self._take_adapter(frame.header["folder"], int(frame.header["version"]))
        raise _RefusedError("usage", f"there is no call '{name}'")

    def _start(self, header: Mapping[str, Any]) -> dict[str, Any]:
        try:
            import vllm
            from vllm.platforms import current_platform
        except ImportError as error:
            if isinstance(error, ModuleNotFoundError) and error.name == "vllm":
                raise _RefusedError(
                    "not-found", f"{sys.executable} has no package 'vllm'"
                ) from None
            raise _RefusedError(
                "not-found", f"{sys.executable} can't import vllm: {error}"
            ) from error
        options = dict(header["options"])
        if current_platform.is_cpu():
            # A graph is compiled for minutes, and all of the machine's memory is taken otherwise.
            options.setdefault("enforce_eager", True)
            if options["enforce_eager"]:
                _compile_nothing()
            if not {"gpu_memory_utilization", "kv_cache_memory_bytes"} & options.keys():
                options["kv_cache_memory_bytes"] = int(header["cacheBytes"])
        self._llm = vllm.LLM(**options, worker_extension_cls=EXTENSION)
        probe(self._llm.llm_engine)
        described: dict[str, Any] = self._llm.collective_rpc("fulcrum_describe")[0]
        return described

    def _worker(self, header: Mapping[str, Any]) -> dict[str, Any]:
        """Calls all workers; after new weights no computed prefix is good any more."""
        method, named = header["method"], header["arguments"]
        answers = self._llm.collective_rpc(method, kwargs=named)
        if header.get("resets") and not self._llm.reset_prefix_cache():
            raise RuntimeError("vLLM didn't clear its prefix cache after an update of the weights")
        return {"answers": answers}

    def _take_adapter(self, folder: str, version: int) -> dict[str, Any]:
        """Samples with an adapter from now on, and forgets the one before."""
        from vllm.lora.request import LoRARequest

        # vLLM's numbers begin at 1.
        adapter = LoRARequest(f"version-{version}", version + 1, folder)
        if not self._llm.llm_engine.add_lora(adapter):
            raise RuntimeError(f"vLLM doesn't take the adapter in '{folder}'")
        if self._adapter is not None and self._adapter.lora_int_id != adapter.lora_int_id:
            self._llm.llm_engine.remove_lora(self._adapter.lora_int_id)
        self._adapter = adapter
        return {"version": self._version()}

    def _version(self) -> int:
        """The version of the adapter, or of all workers' weights; -1 if they are not alike."""
        if self._adapter is not None:
            return int(self._adapter.lora_int_id) - 1
        versions = {one["version"] for one in self._llm.collective_rpc("fulcrum_version")}
        return int(versions.pop()) if len(versions) == 1 else -1

    def _generate(self, frame: Frame) -> dict[str, Any]:
        serves = Serves(self._channel, self._sequence)
        header, arrays = frame.header, _numpy(frame.arrays)
        try:
            sampling = Sampling(self._llm.llm_engine, header, arrays, serves, self._adapter)
        except ValueError as error:
            raise _RefusedError("unsupported", f"vLLM refuses the request: {error}") from error
        sampling.run()
        return {"version": self._version(), "ends": sampling.ends}

    def _fail(self, error: BaseException, code: str) -> None:
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"[:_MOST]
        self._channel.send(Op.ERROR, self._sequence, {"message": text, "code": code})


class _RefusedError(Exception):
    """What can't be done; the process goes on."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _compile_nothing() -> None:
    """vLLM compiles a few functions even so, which takes half a minute at the first token."""
    import torch._dynamo

    torch._dynamo.config.disable = True


def _numpy(arrays: Mapping[str, Array]) -> dict[str, Any]:
    return {name: array.numpy() for name, array in arrays.items()}
