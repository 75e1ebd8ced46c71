"""Sends weights from the trainer's device to vLLM's by a broadcast of each tensor.

A group of its own beside the trainer's and vLLM's: number 0 sends, the workers of vLLM are 1 and
on. They meet at a TCP store; nothing but numbers and tensors is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist

_PATIENCE = timedelta(minutes=10)


class Broadcast:
    """A member of the group.

    Args:
        address: where the store is; number 0 opens it.
        rank: this one's number.
        world: how many there are, the trainer among them.
        backend: nccl, between devices; or gloo, through the processors' memory.
    """

    def __init__(self, address: str, port: int, rank: int, world: int, backend: str) -> None:
        self._backend = backend
        store = dist.TCPStore(address, port, world, rank == 0, timeout=_PATIENCE)
        prefixed = dist.PrefixStore("fulcrum-weights", store)
        if backend == "nccl":
            options = dist.ProcessGroupNCCL.Options()
            options._timeout = _PATIENCE
            self._group: Any = dist.ProcessGroupNCCL(prefixed, rank, world, options)
            self._device = torch.device("cuda", torch.cuda.current_device())
        else:
            self._group = dist.ProcessGroupGloo(prefixed, rank, world, _PATIENCE)
            self._device = torch.device("cpu")

    def send(self, tensors: Iterable[torch.Tensor]) -> None:
        """Sends tensors, one after another, to all others."""
        for tensor in tensors:
            self._broadcast(tensor.detach().to(self._device).contiguous())
        self._settle()

    def receive(self, tensors: Iterable[Iterable[Any]]) -> Iterator[tuple[str, torch.Tensor]]:
        """Gives what number 0 sends: of each the name, the precision and the shape are known."""
        for name, precision, shape in tensors:
            tensor = torch.empty(shape, dtype=getattr(torch, precision), device=self._device)
            self._broadcast(tensor)
            self._settle()
            yield name, tensor

    def _broadcast(self, tensor: torch.Tensor) -> None:
        options = dist.BroadcastOptions()
        options.rootRank, options.rootTensor = 0, 0
        self._group.broadcast([tensor], options).wait()

    def _settle(self) -> None:
        if self._backend == "nccl":
            torch.cuda.current_stream().synchronize()
