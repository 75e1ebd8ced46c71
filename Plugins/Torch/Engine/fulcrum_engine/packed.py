"""Weights laid out once for many small products, while a model samples on the processor.

A decoding step multiplies each weight with a few rows. PyTorch's f32 product lays a weight out anew
in every call, which then takes most of the time; oneDNN multiplies with one that already is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule

# Laying out costs about as much as two steps: shorter completions don't repay it.
_LEAST_STEPS = 16
# Smaller weights stay in the processor's cache, and repay nothing.
_LEAST_ELEMENTS = 1 << 15
_TYPES = (torch.float32, torch.bfloat16)


@contextmanager
def packed(model: nn.Module, rows: int, steps: int) -> Iterator[None]:
    """Makes the linear layers of a model on the processor read packed copies of their weights.

    Without gradients, and as long as the weights don't change. Elsewhere it changes nothing.

    Args:
        rows: of most products, for which the layout is chosen.
        steps: how many there are of them.
    """
    modules = _modules(model) if steps >= _LEAST_STEPS else []
    for module in modules:
        # An attribute of the module itself is found before its class's method.
        module.forward = _forward(module, rows)  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        for module in modules:
            del module.forward


def can_pack(weight: Tensor) -> bool:
    """Whether a weight can be packed here."""
    return (
        weight.device.type == "cpu"
        and weight.dtype in _TYPES
        and weight.numel() >= _LEAST_ELEMENTS
        and _works(weight.dtype)
    )


def _modules(model: nn.Module) -> list[nn.Linear]:
    modules = []
    for module in model.modules():
        if isinstance(module, FSDPModule):
            return []  # Its weights are gathered and let go.
        # Subclasses, and layers that somebody else has changed, have reasons of their own.
        is_plain = type(module) is nn.Linear and "forward" not in vars(module)
        if is_plain and isinstance(module, nn.Linear) and can_pack(module.weight):
            modules.append(module)
    return modules


def _forward(module: nn.Linear, rows: int) -> Callable[[Tensor], Tensor]:
    weight = _pack(module.weight.detach(), rows)
    bias = None if module.bias is None else module.bias.detach()

    def forward(states: Tensor) -> Tensor:
        return _multiply(states, weight, bias)

    return forward


def _pack(weight: Tensor, rows: int) -> Tensor:
    result: Tensor = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
    return result


def _multiply(states: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    result: Tensor = torch.ops.mkldnn._linear_pointwise(states, weight, bias, "none", [], "")
    return result


@cache
def _works(dtype: torch.dtype) -> bool:
    """Whether PyTorch has these operations, which it keeps for its compiler, and they are right."""
    if not torch.backends.mkldnn.is_available():
        return False
    # Small whole numbers: sums of their products are exact in either precision.
    numbers = torch.arange(48.0, dtype=dtype)
    states, weight = numbers.view(3, 16) % 5, numbers.view(3, 16) % 3
    expected: Any = states @ weight.T + numbers[:3]
    try:
        found = _multiply(states, _pack(weight, 3), numbers[:3])
    except (AttributeError, NotImplementedError, RuntimeError, TypeError):
        return False
    return torch.equal(found, expected)
