"""Shares parameters out among the ranks with FSDP2."""

from __future__ import annotations

import torch
from torch.distributed.fsdp import (
    FSDPModule,
    MixedPrecisionPolicy,
    fully_shard,
    register_fsdp_forward_method,
)

from .layers import decoder_layers
from .ranks import Ranks
from .scorer import Scorer


def shard(scorer: Scorer, ranks: Ranks, is_bf16: bool) -> None:
    """Makes every rank hold its part of each parameter in f32; passes gather a layer at a time.

    Gradients are summed over the ranks in f32, not averaged.

    Raises:
        EngineError: unsupported, if the model has no list of layers.
    """
    mesh = ranks.mesh
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if is_bf16 else None, reduce_dtype=torch.float32
    )
    # The root is let go too after each pass: else it would keep the values of before a step.
    for module in [*decoder_layers(scorer.model), scorer]:
        fully_shard(module, mesh=mesh, mp_policy=policy, reshard_after_forward=True)
    register_fsdp_forward_method(scorer, "next_logits")
    for module in scorer.modules():
        if isinstance(module, FSDPModule):
            # By default gradients are means over ranks. Gloo needs the second line for the first.
            module.set_gradient_divide_factor(1.0)
            module.set_force_sum_reduction_for_comms(True)
