"""What a decoding step's queries may see, in the form that a model wants it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import get_layer_types_and_kwargs

# What eager attention adds to hidden scores: e^_HIDDEN is 0, and no sum of it overflows.
_HIDDEN = -1e30
_FULL, _SLIDING = "full_attention", "sliding_attention"


@dataclass(frozen=True)
class StepMasks:
    """Makes the masks of steps with one query a row.

    Attributes:
        windows: for each type of layer, how many places a query sees, its own included; 0: all.
        is_additive: whether masks are added to scores, as eager attention wants them.
    """

    windows: dict[str, int]
    is_additive: bool

    @staticmethod
    def of(config: Any) -> StepMasks | None:
        """The masks for a model, or None if it has layers that masks don't describe.

        Those are layers with recurrent states, in chunks, with compressed or shared keys.
        """
        types, options = get_layer_types_and_kwargs(config)
        windows: dict[str, int] = {}
        for kind, option in zip(types, options, strict=True):
            if kind not in (_FULL, _SLIDING):
                return None
            window = option.get("sliding_window") or 0
            if windows.setdefault(kind, window) != window:
                return None
        return StepMasks(windows, config._attn_implementation == "eager")

    def make(self, lengths: Tensor, longest: int) -> Any:
        """The masks of one step.

        Args:
            lengths: [rows] i64; row r's query is at place lengths[r] and sees those up to it.
            longest: the largest of lengths.

        Returns:
            A mask [rows, 1, 1, longest + 1], or one for each type of layer if there are several.
        """
        places = torch.arange(longest + 1, device=lengths.device)
        ends = lengths[:, None]
        masks = {}
        for kind, window in self.windows.items():
            seen = places <= ends
            if 0 < window <= longest:
                seen &= places > ends - window
            masks[kind] = self._formed(seen[:, None, None])
        return masks if len(masks) > 1 else next(iter(masks.values()))

    def _formed(self, seen: Tensor) -> Tensor:
        if not self.is_additive:
            return seen
        return torch.zeros(seen.shape, device=seen.device).masked_fill_(~seen, _HIDDEN)


def padded(prompts: Sequence[Any], device: torch.device) -> tuple[Tensor, Tensor]:
    """Prompts' tokens [prompts, longest] i64, zeros behind each, and their lengths [prompts]."""
    lengths = torch.tensor([len(prompt.tokens) for prompt in prompts])
    tokens = torch.zeros(len(prompts), int(lengths.max()), dtype=torch.int64)
    for row, prompt in enumerate(prompts):
        tokens[row, : lengths[row]] = torch.as_tensor(prompt.tokens, dtype=torch.int64)
    return tokens.to(device), lengths.to(device)
