"""log π, entropy and lever of tokens, differentiable in the logits."""

from __future__ import annotations

from typing import Any

import torch

# e^−1000 is 0 in f32, as e^−∞ is; but 0 · 1000 is 0, where 0 · ∞ is not a number.
_LOWEST = -1000.0


def _distribution(
    logits: torch.Tensor, temperature: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns of softmax(logits / temperature), logits f32 [n, V]:

    differences [n, V] from the largest, of logits / temperature; their exponentials [n, V] with
    0 at the likeliest token; that token [n, 1]; the logarithm of the exponentials' sum [n, 1].

    The likeliest token's 1 is left out of the sum until log1p, so that log π near 0 keeps its
    digits.
    """
    largest, likeliest = logits.max(dim=1, keepdim=True)
    differences = ((logits - largest) / temperature).clamp_min_(_LOWEST)
    others = differences.exp().scatter_(1, likeliest, 0.0)
    return differences, others, likeliest, torch.log1p(others.sum(dim=1, keepdim=True))


class _TokenScores(torch.autograd.Function):
    """Keeps the logits alone for the backward pass, and computes the rest again there."""

    @staticmethod
    def forward(
        ctx: Any,
        logits: torch.Tensor,
        targets: torch.Tensor,
        candidates: torch.Tensor,
        temperature: float,
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """logits f32 [n, V], targets i64 [n], candidates i64 [n, K] -> as `token_scores`."""
        differences, others, likeliest, total = _distribution(logits, temperature)
        column = targets.unsqueeze(1)
        largest = logits.gather(1, likeliest)
        own = (logits.gather(1, column) - largest) / temperature - total
        others_own = (logits.gather(1, candidates) - largest) / temperature - total
        probability = torch.exp(-total)
        # All terms are positive, so none cancels another: H = log Σ + Σ π (max − z).
        entropy = total - (others * differences).sum(dim=1, keepdim=True) * probability
        # ‖e − π‖² = (1 − π_token)² + Σ of the others' π².
        squares = others.scatter(1, likeliest, 1.0).scatter_(1, column, 0.0).mul_(probability)
        rest = squares.square_().sum(dim=1, keepdim=True)
        lever = torch.sqrt(torch.expm1(own).square() + rest)
        ctx.save_for_backward(logits, targets, candidates)
        ctx.temperature = temperature
        ctx.mark_non_differentiable(lever)
        return own.squeeze(1), entropy.squeeze(1), lever.squeeze(1), others_own

    @staticmethod
    def backward(
        ctx: Any,
        toward: torch.Tensor | None,
        spread: torch.Tensor | None,
        _: Any,
        apart: torch.Tensor | None,
    ) -> tuple[torch.Tensor, None, None, None]:
        """∂ log π / ∂ z_v = ([v = token] − π_v) / T; ∂ H / ∂ z_v = −π_v (log π_v + H) / T."""
        logits, targets, candidates = ctx.saved_tensors
        differences, others, likeliest, total = _distribution(logits, ctx.temperature)
        scale = torch.exp(-total)
        mean = (others * differences).sum(dim=1, keepdim=True) * scale
        pi = others.scatter_(1, likeliest, 1.0).mul_(scale)
        # log π_v + H = (difference − total) + (total − mean).
        gradient = (differences.sub_(mean)).mul_(pi)
        gradient.mul_(0.0 if spread is None else -spread.unsqueeze(1))
        weights = [] if toward is None else [(targets.unsqueeze(1), toward.unsqueeze(1))]
        if apart is not None and candidates.shape[1]:
            weights.append((candidates, apart))
        for tokens, own in weights:
            gradient.scatter_add_(1, tokens, own)
        if weights:
            total_weight = sum(own.sum(dim=1, keepdim=True) for _, own in weights)
            gradient.sub_(pi.mul_(total_weight))
        return gradient.div_(ctx.temperature), None, None, None


def token_scores(
    logits: torch.Tensor,
    targets: torch.Tensor,
    temperature: float,
    candidates: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Returns log π(target), the entropy of π, ‖e_target − π‖₂, and log π(candidates), in nats.

    π = softmax(logits / temperature); all but the third are differentiable in the logits.

    Shapes: logits f32 [n, V], −∞ for what has no probability; targets i64 [n]; candidates i64
    [n, K], none: K = 0; results f32 [n], the last f32 [n, K].
    """
    if candidates is None:
        candidates = targets.new_empty(len(targets), 0)
    result: tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor] = _TokenScores.apply(
        logits, targets, candidates, temperature
    )
    return result
