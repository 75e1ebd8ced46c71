"""What families do to the head's product before it is the logits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

Transform = Callable[[torch.Tensor], torch.Tensor]


def final_transforms(config: Any) -> list[Transform]:
    """Returns the steps that a configuration asks for, in order.

    The loader compares the result with the model's own logits, so a family that means something
    else by these names is noticed, and its own head is used.
    """
    transforms: list[Transform] = []
    scale = getattr(config, "logit_scale", None)  # Cohere
    if scale is not None and scale != 1:
        transforms.append(lambda logits: logits * scale)
    multiplier = getattr(config, "lm_head_multiplier", None)  # Falcon H1
    if multiplier is not None and multiplier != 1:
        transforms.append(lambda logits: logits * multiplier)
    divisor = getattr(config, "logits_scaling", None)  # Granite
    if divisor is not None and divisor != 1:
        transforms.append(lambda logits: logits / divisor)
    cap = getattr(config, "final_logit_softcapping", None)  # Gemma 2 and later
    if cap is not None:
        transforms.append(lambda logits: torch.tanh(logits / cap) * cap)
    return transforms
