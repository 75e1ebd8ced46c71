"""The processes that compute together, and what they tell each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh

from .errors import EngineError
from .place import Place, set_meeting_point
from .stage import exchange

# How long a rank waits for the next call; one whose host is gone ends by its lifeline.
_PATIENCE = timedelta(days=7)


class Ranks:
    """What the ranks tell each other; nothing is sent with one rank alone.

    Attributes:
        place: of this process.
        device: of its tensors.
    """

    def __init__(self, place: Place, device: str = "auto", timeout_seconds: float = 600) -> None:
        """Joins the other ranks.

        Args:
            device: auto, cpu or cuda.
            timeout_seconds: how long to wait for another rank before giving up.

        Raises:
            EngineError: parameter, if there is no such device.
        """
        self.place = place
        has_cuda = torch.cuda.is_available()
        if device == "cuda" and not has_cuda:
            raise EngineError("parameter", "parameter 'device': PyTorch finds no CUDA device here")
        if has_cuda and device != "cpu":
            count = torch.cuda.device_count()
            # A launcher may show each rank its own device alone.
            index = place.local_rank if count > 1 else 0
            if index >= count:
                raise EngineError(
                    "parameter",
                    f"local rank {place.local_rank} finds {count} CUDA devices",
                    "launch as many ranks on a machine as it has devices",
                )
            self.device = torch.device("cuda", index)
            torch.cuda.set_device(self.device)
        else:
            self.device = torch.device("cpu")
        self._calls: dist.ProcessGroup | None = None
        self._timeout = timedelta(seconds=timeout_seconds)
        if place.world > 1 and not dist.is_initialized():
            self._join()

    @property
    def rank(self) -> int:
        return self.place.rank

    @property
    def world(self) -> int:
        return self.place.world

    @exchange
    def _join(self) -> None:
        set_meeting_point()
        backend = "cpu:gloo,cuda:nccl" if self.device.type == "cuda" else "gloo"
        dist.init_process_group(
            backend, rank=self.rank, world_size=self.world, timeout=self._timeout
        )
        self._calls = dist.new_group(backend="gloo", timeout=_PATIENCE)

    @cached_property
    def mesh(self) -> DeviceMesh:
        """All ranks in a row, for FSDP2; all ask for it first at the same time."""
        if not dist.is_initialized():
            # One rank alone is a group too.
            backend = "cpu:gloo,cuda:nccl" if self.device.type == "cuda" else "gloo"
            dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)
        return init_device_mesh(self.device.type, (self.world,))

    @exchange
    def largest(self, number: int) -> int:
        """Returns the largest of all ranks' numbers."""
        value = torch.tensor(number)
        if self.world > 1:
            dist.all_reduce(value, dist.ReduceOp.MAX)
        return int(value)

    def leave(self) -> None:
        """Ends the group."""
        if dist.is_initialized():
            dist.destroy_process_group()

    @exchange
    def broadcast(
        self, header: dict[str, Any] | None, arrays: Mapping[str, np.ndarray] | None
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Gives rank 0's header and arrays to all; the others pass none.

        Bytes travel as tensors, never as pickled objects.
        """
        if self.world == 1:
            return header or {}, dict(arrays or {})
        sizes = torch.zeros(2, dtype=torch.int64)
        payload = torch.empty(0, dtype=torch.uint8)
        if self.rank == 0:
            contents = {name: np.ascontiguousarray(a) for name, a in (arrays or {}).items()}
            shapes = [[name, a.dtype.str, list(a.shape)] for name, a in contents.items()]
            text = json.dumps({"header": header or {}, "arrays": shapes}).encode()
            parts = [text, *(a.tobytes() for a in contents.values())]
            payload = torch.frombuffer(bytearray(b"".join(parts)), dtype=torch.uint8)
            sizes = torch.tensor([len(text), len(payload)], dtype=torch.int64)
        # Between calls the host may be busy for hours with rewards.
        dist.broadcast(sizes, 0, group=self._calls)
        if self.rank != 0:
            payload = torch.empty(int(sizes[1]), dtype=torch.uint8)
        dist.broadcast(payload, 0)
        data = payload.numpy().tobytes()
        envelope = json.loads(data[: int(sizes[0])])
        offset = int(sizes[0])
        received = {}
        for name, kind, shape in envelope["arrays"]:
            count = int(np.prod(shape, dtype=np.int64))
            part = np.frombuffer(data, dtype=np.dtype(kind), count=count, offset=offset)
            received[name] = part.reshape(shape)
            offset += part.nbytes
        return envelope["header"], received

    @exchange
    def gather(self, columns: torch.Tensor, counts: list[int]) -> list[torch.Tensor] | None:
        """Collects f32 [counts[r], width] of every rank r at rank 0, on the CPU.

        Returns:
            One tensor for each rank at rank 0, elsewhere none.
        """
        own = columns.detach().float().cpu()
        if self.world == 1:
            return [own]
        padded = torch.zeros(max(counts), own.shape[1])
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in counts] if self.rank == 0 else None
        dist.gather(padded, parts, 0)
        if parts is None:
            return None
        return [part[:count] for part, count in zip(parts, counts, strict=True)]

    @exchange
    def share(self, values: torch.Tensor) -> torch.Tensor:
        """Gives rank 0's CPU tensor to all; the others pass one of the same shape and type."""
        if self.world > 1:
            dist.broadcast(values, 0)
        return values

    @exchange
    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Adds a tensor up over all ranks, in place."""
        if self.world > 1:
            dist.all_reduce(tensor)
        return tensor

    @exchange
    def wait(self) -> None:
        """Waits for all ranks."""
        if self.world > 1:
            dist.barrier()

    @exchange
    def agree(self, error: EngineError | None) -> None:
        """Raises on every rank if one has an error: that of the lowest rank with one.

        Raises:
            EngineError: of that rank.
        """
        if self.world == 1:
            if error is not None:
                raise error
            return
        flags = torch.zeros(self.world, dtype=torch.int64)
        if error is not None:
            flags[self.rank] = 1
        dist.all_reduce(flags)
        failed = flags.nonzero().flatten().tolist()
        if not failed:
            return
        text = b""
        if error is not None:
            text = json.dumps([error.code, error.message, error.hint]).encode()
        size = torch.tensor([len(text)], dtype=torch.int64)
        dist.broadcast(size, failed[0])
        body = torch.zeros(int(size), dtype=torch.uint8)
        if self.rank == failed[0]:
            body = torch.frombuffer(bytearray(text), dtype=torch.uint8)
        dist.broadcast(body, failed[0])
        code, message, hint = json.loads(body.numpy().tobytes())
        raise EngineError(code, message, hint)
