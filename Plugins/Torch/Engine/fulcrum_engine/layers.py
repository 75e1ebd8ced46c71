"""Finds a model's layers, and computes their activations again in the backward pass if asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from .errors import EngineError


def decoder_layers(model: Any) -> list[nn.Module]:
    """Returns the layers of a causal language model, from the first to the last.

    Raises:
        EngineError: unsupported, if the model has no list of layers.
    """
    lists = [module for module in model.base_model.modules() if isinstance(module, nn.ModuleList)]
    names = set(getattr(model, "_no_split_modules", None) or ())
    fitting = [layers for layers in lists if any(type(one).__name__ in names for one in layers)]
    found = max(fitting or lists, key=len, default=None)
    if not found:
        raise EngineError("unsupported", f"'{type(model).__name__}' has no list of layers")
    return list(found)


def head_size(text: Any) -> int:
    """Returns the components of a head of attention; 0 for a model without heads."""
    heads = getattr(text, "num_attention_heads", 0) or 0
    return int(getattr(text, "head_dim", None) or (text.hidden_size // heads if heads else 0))


def enable_checkpointing(model: Any) -> None:
    """Lets layers keep their inputs alone in training passes, and compute the rest again.

    Raises:
        EngineError: parameter, if the model can't.
    """
    if not model.supports_gradient_checkpointing:
        raise EngineError(
            "parameter",
            f"parameter 'gradient-checkpointing': '{type(model).__name__}' can't do it",
        )
    model.gradient_checkpointing_enable({"use_reentrant": False, "preserve_rng_state": False})
    # Layers are in training mode while they do it, and some drop out by a number of their own.
    for layer in model.modules():
        if getattr(layer, "gradient_checkpointing", False):
            for name, value in list(vars(layer).items()):
                if "dropout" in name and isinstance(value, float):
                    setattr(layer, name, 0.0)


@contextmanager
def checkpointing(model: Any) -> Iterator[None]:
    """Makes the enabled layers do so within.

    They do it in training mode alone, which would turn dropout and the noise of routers on too; so
    they are in it alone, and not what is in them.
    """
    layers = [one for one in model.modules() if getattr(one, "gradient_checkpointing", False)]
    for layer in layers:
        layer.training = True
    try:
        yield
    finally:
        for layer in layers:
            layer.training = False
