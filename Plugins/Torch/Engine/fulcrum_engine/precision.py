"""Which parameters passes read in bf16, and turns those that aren't trained into it."""

from __future__ import annotations

from typing import Any

import torch


def halved(model: Any) -> list[str]:
    """Returns the names of trained parameters that become bf16; the frozen ones already are then.

    Adapters stay in f32 beside a bf16 base, as PEFT has it, and so do the modules that the model's
    authors keep in f32.
    """
    kept = {
        *(getattr(model, "_keep_in_fp32_modules", None) or ()),
        *(getattr(model, "_keep_in_fp32_modules_strict", None) or ()),
    }
    names = []
    for name, parameter in model.named_parameters():
        if ".lora_" in name or any(part in name.split(".") for part in kept):
            continue
        if parameter.requires_grad:
            names.append(name)
        else:
            parameter.data = parameter.data.to(torch.bfloat16)
    return names
