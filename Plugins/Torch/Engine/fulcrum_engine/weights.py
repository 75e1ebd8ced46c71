"""Whole weights by name, gathered from the ranks at rank 0."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.distributed.tensor import DTensor
from torch.distributed.tensor._utils import compute_local_shape_and_global_offset

from .errors import EngineError
from .masters import Masters


@dataclass(frozen=True)
class Part:
    """The rows of a tensor that this rank holds; `count` is none for a tensor without rows."""

    first: int
    count: int | None

    @staticmethod
    def of(data: torch.Tensor) -> Part:
        """Returns the rows of a tensor that may be shared."""
        if not isinstance(data, DTensor):
            return Part(0, data.shape[0] if data.dim() else None)
        shape, offset = compute_local_shape_and_global_offset(
            data.shape, data.device_mesh, data.placements
        )
        return Part(offset[0], shape[0])

    def cut(self, whole: torch.Tensor) -> torch.Tensor:
        """Returns these rows of the whole tensor, in memory of their own."""
        own = whole if self.count is None else whole[self.first : self.first + self.count]
        return own.clone()


def whole(values: torch.Tensor, like: torch.Tensor, keeps: bool) -> torch.Tensor | None:
    """Returns all ranks' parts of a tensor as one on the CPU, where `keeps`; else none.

    Args:
        values: this rank's part.
        like: the parameter that says how it is shared; all ranks call alike if it is.
    """
    if isinstance(like, DTensor):
        values = DTensor.from_local(
            values,
            like.device_mesh,
            like.placements,
            run_check=False,
            shape=like.shape,
            stride=like.stride(),
        ).full_tensor()
    return values.detach().to("cpu", copy=True) if keeps else None


def trained_state(
    masters: Masters, values: Sequence[torch.Tensor], keeps: bool
) -> dict[str, torch.Tensor]:
    """Returns trained tensors by their names in the model; empty where not `keeps`."""
    state = {}
    for item, part in zip(masters, values, strict=True):
        tensor = whole(part, item.parameter.data, keeps)
        if tensor is not None:
            state[item.name] = tensor
    return state


def model_state(
    model: nn.Module, masters: Masters, values: Sequence[torch.Tensor], keeps: bool
) -> dict[str, torch.Tensor]:
    """Returns the model's parameters and saved buffers, tied ones once; empty where not `keeps`.

    Adapters' tensors are among them, under the names that they have in the model.
    """
    trained = {item.name: part for item, part in zip(masters, values, strict=True)}
    state = {}
    for name, parameter in model.named_parameters():
        part = trained.get(name)
        if part is None:
            data = parameter.data
            part = data.to_local() if isinstance(data, DTensor) else data
        tensor = whole(part, parameter.data, keeps)
        if tensor is not None:
            state[name] = tensor
    if keeps:
        names = set(model.state_dict())
        state.update(
            {name: buffer.detach().cpu() for name, buffer in model.named_buffers() if name in names}
        )
    return state


def merged(model: nn.Module, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Returns the state without adapters: base weights plus scaling · B A, in f32.

    Raises:
        EngineError: unsupported, for adapters of other layers than linear ones.
    """
    result = {}
    for name, tensor in state.items():
        if ".lora_" not in name:
            result[name.replace(".base_layer.", ".")] = tensor
    for prefix, module in model.named_modules():
        lora: Any = module
        if not hasattr(module, "lora_A") or not len(lora.lora_A):
            continue
        base = f"{prefix}.weight"
        if not isinstance(lora.get_base_layer(), nn.Linear):
            raise EngineError("unsupported", f"can't merge the adapter of '{prefix}': not linear")
        down = state[f"{prefix}.lora_A.default.weight"].float()
        up = state[f"{prefix}.lora_B.default.weight"].float()
        result[base] = result[base].float() + (up @ down) * lora.scaling["default"]
    return result
