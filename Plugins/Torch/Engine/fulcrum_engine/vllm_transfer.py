"""Ways for new weights to vLLM: by files that both see, or by a broadcast between devices."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import torch
from safetensors import SafetensorError

from fulcrum_vllm.broadcast import Broadcast

from .checkpoint import save_adapter, write_tensors
from .errors import EngineError
from .loading import Loaded
from .vllm_client import VLLMClient
from .vllm_exchange import Exchange

Beat = Callable[[], None]
Tensors = dict[str, torch.Tensor]


class Workers(Protocol):
    """Calls vLLM's workers."""

    def workers(
        self, method: str, arguments: Mapping[str, Any], beat: Beat, resets: bool = False
    ) -> list[dict[str, Any]]:
        """Gives all workers' answers."""
        ...


class FileTransfer:
    """Writes the weights into a folder, which the workers read; it is gone afterwards."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def send(self, tensors: Tensors, version: int, workers: Workers, beat: Beat) -> list[int]:
        """Sends weights; gives the versions that the workers have then.

        Raises:
            EngineError: input-output, plugin-fault.
        """
        try:
            folder = self._exchange.weights(version)
        except OSError as error:
            raise _unwritten(error) from error
        try:
            write_tensors(tensors, folder)
            arguments = {"folder": str(folder), "version": version}
            return _versions(workers.workers("fulcrum_update", arguments, beat, resets=True))
        except (OSError, SafetensorError) as error:
            raise _unwritten(error) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)


class AdapterTransfer:
    """Writes adapters alone, in PEFT's layout; the last one's folder stays until the next is there.

    Args:
        loaded: whose adapters they are.
        client: vLLM's process.
    """

    def __init__(self, exchange: Exchange, loaded: Loaded, client: VLLMClient) -> None:
        self._exchange, self._loaded, self._client = exchange, loaded, client
        self._last: Path | None = None

    def send(self, state: Tensors, version: int, beat: Beat) -> list[int]:
        """Sends adapters by their names in the model; gives the version that vLLM has then.

        Raises:
            EngineError: input-output, plugin-fault.
        """
        try:
            folder = self._exchange.weights(version)
        except OSError as error:
            raise _unwritten(error) from error
        save_adapter(self._loaded, state, folder)
        found = self._client.adapter(str(folder), version, beat)
        if self._last is not None and self._last != folder:
            shutil.rmtree(self._last, ignore_errors=True)
        self._last = folder
        return [found]


class BroadcastTransfer:
    """Broadcasts the weights tensor by tensor, from this device to those of the workers.

    Args:
        backend: nccl; gloo goes by way of the processors.
        address: at which the workers' machines find this one.
        device: of the engine's tensors.
    """

    def __init__(
        self, backend: str, address: str, device: torch.device, workers: Workers, beat: Beat
    ) -> None:
        self._device = device
        # A worker that fails is heard at once; the group would wait for it.
        self._thread = ThreadPoolExecutor(1, "weights")
        port = _free_port(address)
        count = len(workers.workers("fulcrum_version", {}, beat))
        group = self._thread.submit(self._join, address, port, 1 + count, backend)
        arguments = {"address": address, "port": port, "world": 1 + count, "backend": backend}
        workers.workers("fulcrum_join", arguments, beat)
        self._group = group.result()

    def send(self, tensors: Tensors, version: int, workers: Workers, beat: Beat) -> list[int]:
        """Sends weights; gives the versions that the workers have then.

        Raises:
            EngineError: plugin-fault.
        """
        listed = [
            [name, str(one.dtype).removeprefix("torch."), list(one.shape)]
            for name, one in tensors.items()
        ]
        sending = self._thread.submit(self._send, tensors)
        arguments = {"tensors": listed, "version": version}
        versions = _versions(workers.workers("fulcrum_receive", arguments, beat, resets=True))
        sending.result()
        return versions

    def _join(self, address: str, port: int, world: int, backend: str) -> Broadcast:
        self._choose_device()
        return Broadcast(address, port, 0, world, backend)

    def _send(self, tensors: Tensors) -> None:
        self._choose_device()
        self._group.send(tensors.values())

    def _choose_device(self) -> None:
        # CUDA's choice is a thread's own.
        if self._device.type == "cuda":
            torch.cuda.set_device(self._device)


def own_address(url: str) -> str:
    """The address of this machine, as a server at an URL sees it; of this machine: 127.0.0.1."""
    if not url:
        return "127.0.0.1"
    parts = urlsplit(url)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # Nothing is sent: the system chooses the way.
        probe.connect((parts.hostname or "127.0.0.1", parts.port or 80))
        address: str = probe.getsockname()[0]
        return address


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def _versions(answers: list[dict[str, Any]]) -> list[int]:
    return [int(answer["version"]) for answer in answers]


def _unwritten(error: Exception) -> EngineError:
    return EngineError(
        "input-output",
        f"can't write the weights that vLLM is to read: {error}",
        "they need as much room as a checkpoint in /dev/shm, or in the folder of TMPDIR",
    )
