"""The trained weights in f32, whatever the precision of the passes and however they are shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import nn
from torch.distributed.tensor import DTensor


def local(tensor: torch.Tensor) -> torch.Tensor:
    """Returns the part of a tensor that this rank holds, in the same memory."""
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


class Master:
    """One trained tensor.

    Attributes:
        name: in the model, as `named_parameters` has it.
        parameter: what the passes read.
        group: norms, biases, embeddings, or empty.
    """

    def __init__(self, name: str, parameter: nn.Parameter, group: str, is_apart: bool) -> None:
        self.name = name
        self.parameter = parameter
        self.group = group
        self._apart = parameter.data if is_apart else None
        self._sum: torch.Tensor | None = None
        if is_apart:
            # Assigned in place, so that tied weights stay tied.
            parameter.data = parameter.data.bfloat16()
            parameter.register_post_accumulate_grad_hook(self._add)

    @property
    def values(self) -> torch.Tensor:
        """This rank's part in f32: the parameter's own memory where that is f32."""
        return local(self.parameter.data) if self._apart is None else self._apart

    @property
    def gradient(self) -> torch.Tensor | None:
        """This rank's part of the accumulated gradient, f32; none: zero."""
        if self._apart is not None:
            return self._sum
        grad = self.parameter.grad
        return None if grad is None else local(grad)

    def need_gradient(self) -> torch.Tensor:
        """Returns the gradient, made of zeros where there is none yet."""
        if self.gradient is None:
            if self._apart is None:
                self.parameter.grad = torch.zeros_like(self.parameter.data)
            else:
                self._sum = torch.zeros_like(self._apart)
        gradient = self.gradient
        assert gradient is not None
        return gradient

    def clear(self) -> None:
        """Drops the gradient."""
        self._sum = None
        self.parameter.grad = None

    def show(self, values: torch.Tensor) -> torch.Tensor | None:
        """Lets the passes read `values`; returns what they read before, where it has no copy."""
        if self._apart is not None:
            self.parameter.data.copy_(values)
            return None
        if isinstance(self.parameter.data, DTensor):
            # FSDP2 holds views of this memory, so contents move instead of tensors.
            before = self.values.clone()
            self.values.copy_(values)
            return before
        before = self.parameter.data
        self.parameter.data = values
        return before

    def refresh(self) -> None:
        """Rounds the values into the parameter, where they are apart."""
        if self._apart is not None:
            self.parameter.data.copy_(self._apart)

    def _add(self, parameter: torch.Tensor) -> None:
        """Adds what the backward pass left, in f32, and frees it."""
        assert parameter.grad is not None
        if self._sum is None:
            self._sum = parameter.grad.float()
        else:
            self._sum.add_(parameter.grad)
        parameter.grad = None


class Masters:
    """All trained tensors, in the model's order; one that serves twice occurs once."""

    def __init__(
        self, model: nn.Module, groups: Mapping[str, str], apart: Sequence[str] = ()
    ) -> None:
        """Takes over the parameters of `model` that need gradients, in f32.

        Args:
            groups: of parameters by name, for weight decay.
            apart: names of those that become bf16, with their f32 values beside them.
        """
        names = set(apart)
        self._items = [
            Master(name, parameter, groups.get(name, ""), name in names)
            for name, parameter in model.named_parameters()
            if parameter.requires_grad
        ]

    def __iter__(self) -> Iterator[Master]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def clear(self) -> None:
        """Drops the gradient."""
        for item in self._items:
            item.clear()

    @torch.no_grad()
    def copy(self) -> list[torch.Tensor]:
        """Returns this rank's values in memory of their own."""
        return [item.values.clone() for item in self._items]

    @torch.no_grad()
    def put(self, values: Sequence[torch.Tensor]) -> None:
        """Copies values into the masters."""
        for item, value in zip(self._items, values, strict=True):
            item.values.copy_(value)
            item.refresh()


def parameter_groups(model: nn.Module) -> dict[str, str]:
    """Returns the group of each parameter that weight decay can leave out, by name.

    Norms are modules that are named so; embeddings are `nn.Embedding`s; a head that shares their
    weights is one of them.
    """
    embeddings = {
        id(module.weight) for module in model.modules() if isinstance(module, nn.Embedding)
    }
    groups = {}
    for prefix, module in model.named_modules():
        is_norm = "norm" in type(module).__name__.lower()
        for name, parameter in module.named_parameters(recurse=False):
            full = f"{prefix}.{name}" if prefix else name
            if id(parameter) in embeddings:
                groups[full] = "embeddings"
            elif name == "bias" or name.endswith("_bias"):
                groups[full] = "biases"
            elif is_norm:
                groups[full] = "norms"
    return groups
