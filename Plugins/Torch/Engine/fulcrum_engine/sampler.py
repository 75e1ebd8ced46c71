"""Draws tokens from logits, with the meaning of the embedded policy's Kernels/Sampling.c.

A draw is a function of a row's logits and its uniform number: f32 exponentials of z/T − max, summed
in f64 in the order of token numbers; the token is the first whose running sum passes
uniform · total. Nothing in a row depends on other rows. log π is computed as scoring does.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .token_scores import _distribution

# Sums of a block are found first, then the place in one block: no f64 copy of a whole row.
_BLOCK = 256
# Logits in hand at a time: a sort of them, with places and f64 sums, takes some 30 bytes of each.
_ELEMENTS = 1 << 25


@dataclass(frozen=True)
class Distribution:
    """What draws are from.

    Attributes:
        temperature: 0 takes the most likely token, of equal ones the lowest number; else logits
            are divided by it.
        top_k: draw from so many most likely tokens, of equal ones the lower numbers; 0: all.
        top_p: draw from the fewest most likely tokens whose probabilities, renormalised after
            top_k, first add up to this; 1: all.
        min_p: draw from tokens whose probability is at least this share of the largest one's; 0:
            all. It is the last of the cuts, as in transformers.
    """

    temperature: float
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0


def draw(
    logits: Tensor, uniform: Tensor, distribution: Distribution, barred: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Draws a token for each row.

    Args:
        logits: [rows, vocabulary] f32; −inf for tokens that can't be.
        uniform: [rows] f32 in [0, 1).
        distribution: what to draw from.
        barred: [rows, vocabulary] bool, tokens that are not drawn, before all cuts; None: none.

    Returns:
        Tokens [rows] i64, and log π [rows] f32 in nats of each: of the whole distribution at the
        temperature (at 1 if that is 0), whatever was left to draw from. Rows with a logit that is
        NaN have log π NaN.
    """
    most = max(1, _ELEMENTS // logits.shape[1])
    if len(logits) > most:
        starts = range(0, len(logits), most)
        parts = [
            draw(
                logits[start : start + most],
                uniform[start : start + most],
                distribution,
                None if barred is None else barred[start : start + most],
            )
            for start in starts
        ]
        return torch.cat([tokens for tokens, _ in parts]), torch.cat([found for _, found in parts])
    temperature = distribution.temperature or 1.0
    differences, others, likeliest, total = _distribution(logits, temperature)
    if barred is not None:
        logits = logits.masked_fill(barred, -torch.inf)
        # By the largest of what is left: beside a barred token all others may round to 0.
        _, others, likeliest, _ = _distribution(logits, temperature)
    if distribution.temperature == 0:
        tokens = likeliest[:, 0]
    else:
        weights = others.scatter_(1, likeliest, 1.0)
        _truncate(logits, weights, distribution)
        tokens = pick(weights, uniform)
    return tokens, differences.gather(1, tokens[:, None]).sub_(total)[:, 0]


def pick(weights: Tensor, uniform: Tensor) -> Tensor:
    """The first token of each row at which the running sum passes uniform times the total.

    Args:
        weights: [rows, vocabulary] f32, not negative.
        uniform: [rows] f32 in [0, 1).

    Returns:
        Tokens [rows] i64.
    """
    rows, vocabulary = weights.shape
    whole = vocabulary // _BLOCK * _BLOCK
    sums = weights[:, :whole].view(rows, -1, _BLOCK).sum(-1, dtype=torch.float64)
    if whole < vocabulary:
        rest = weights[:, whole:].sum(-1, dtype=torch.float64, keepdim=True)
        sums = torch.cat([sums, rest], 1)
    running = sums.cumsum(-1)
    goal = (uniform.double() * running[:, -1])[:, None]
    block = (running <= goal).sum(-1, keepdim=True).clamp_(max=running.shape[-1] - 1)
    before = torch.where(block > 0, running.gather(-1, (block - 1).clamp_(min=0)), 0.0)
    places = torch.arange(_BLOCK, device=weights.device)
    numbers = block * _BLOCK + places
    chosen = weights.gather(-1, numbers.clamp(max=vocabulary - 1))
    chosen.masked_fill_(numbers >= vocabulary, 0.0)
    passing = chosen.cumsum(-1, dtype=torch.float64).add_(before) > goal
    # Where the block's own rounding kept its sum from the goal: its last token that is possible.
    first = torch.where(passing, places, _BLOCK).amin(-1)
    last = torch.where(chosen > 0, places, 0).amax(-1)
    return block[:, 0] * _BLOCK + torch.minimum(first, last)


def _truncate(logits: Tensor, weights: Tensor, distribution: Distribution) -> None:
    """Sets the weights of the tokens that the cuts leave out to zero; the largest weight is 1."""
    vocabulary = logits.shape[-1]
    top_k = distribution.top_k if distribution.top_k < vocabulary else 0
    if distribution.top_p < 1:
        _keep_share(logits, weights, top_k, distribution.top_p)
    elif top_k > 0:
        _keep_likeliest(logits, weights, top_k)
    if distribution.min_p > 0:
        # The host's number is an f32.
        weights.masked_fill_(weights < float(np.float32(distribution.min_p)), 0.0)


def _keep_share(logits: Tensor, weights: Tensor, top_k: int, top_p: float) -> None:
    # Stable, so equal logits stay in the order of their numbers.
    order = logits.sort(dim=-1, descending=True, stable=True).indices
    if top_k > 0:
        order = order[:, :top_k]
    ranked = weights.gather(-1, order)
    running = ranked.cumsum(-1, dtype=torch.float64)
    # The host's number is an f32.
    goal = float(np.float32(top_p)) * running[:, -1:]
    # A token stays while those before it are short of the goal.
    ranked = torch.where(running - ranked.double() < goal, ranked, 0.0)
    weights.zero_().scatter_(-1, order, ranked)


def _keep_likeliest(logits: Tensor, weights: Tensor, count: int) -> None:
    threshold = logits.topk(count, -1).values[:, -1:]
    above = logits > threshold
    equal = logits == threshold
    room = count - above.sum(-1, keepdim=True)
    weights.mul_(above | (equal & (equal.cumsum(-1) <= room)))
