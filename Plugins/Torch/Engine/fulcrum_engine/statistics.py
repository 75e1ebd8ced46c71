"""Further numbers of a token's distribution, by the names of the kernel's `TokenStatistic`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from .errors import EngineError

_PLAIN = ("top-probability", "margin", "rank")
_COUNTED = ("top-tokens", "top-log-probabilities")


@dataclass(frozen=True)
class Statistic:
    """One statistic, its argument read.

    Attributes:
        kind: the name without its argument.
        threshold: of `mass-above`; 0 elsewhere.
        width: the number of values that it has for a token.
    """

    kind: str
    threshold: float = 0.0
    width: int = 1

    @staticmethod
    def read(name: str, token_count: int) -> Statistic:
        """Returns the statistic of a name such as `mass-above(0.1)`.

        Raises:
            EngineError: unsupported for an unknown name, usage for an argument out of bounds.
        """
        match = re.fullmatch(r"([a-z-]+)(?:\(([0-9.e+-]+)\))?", name)
        kind, argument = (match[1], match[2]) if match else ("", None)
        if kind in _PLAIN and argument is None:
            return Statistic(kind)
        if kind == "mass-above" and argument is not None:
            threshold = _number(argument)
            if threshold is not None and 0 <= threshold <= 1:
                return Statistic(kind, threshold=threshold)
            raise EngineError("usage", f"expected a threshold in 0...1, got '{name}'")
        if kind in _COUNTED and argument is not None:
            if argument.isdigit() and 1 <= int(argument) <= token_count:
                return Statistic(kind, width=int(argument))
            raise EngineError(
                "usage", f"expected a list of 1 to {token_count} tokens, got '{name}'"
            )
        raise EngineError("unsupported", f"the policy can't compute the statistic '{name}'")

    @property
    def listed(self) -> int:
        """The number of the most likely tokens that it is made of; 0: it needs none of them."""
        return 2 if self.kind == "margin" else self.width if self.kind in _COUNTED else 0


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def further_statistics(
    logits: torch.Tensor,
    targets: torch.Tensor,
    temperature: float,
    statistics: Sequence[Statistic],
) -> list[torch.Tensor]:
    """Returns f32 [n, width] for each statistic; logits f32 [n, V], targets i64 [n]."""
    if not statistics:
        return []
    largest = logits.max(dim=1, keepdim=True).values
    weights = ((logits - largest) / temperature).exp_()
    total = weights.sum(dim=1, keepdim=True)
    count = max(statistic.listed for statistic in statistics)
    top = top_tokens(logits, min(count, logits.shape[1])) if count else None
    results = []
    for statistic in statistics:
        if statistic.kind == "top-probability":
            values = 1 / total
        elif statistic.kind == "rank":
            values = _rank(logits, targets).float()
        elif statistic.kind == "mass-above":
            # The likeliest tokens' weight is 1 to the bit: a threshold of 1 keeps them.
            kept = torch.where(weights >= statistic.threshold, weights, 0.0)
            values = kept.sum(dim=1, keepdim=True) / total
        else:
            assert top is not None
            values = _listed(statistic, logits, top, temperature, largest, weights)
        results.append(values)
    return results


def _listed(
    statistic: Statistic,
    logits: torch.Tensor,
    top: torch.Tensor,
    temperature: float,
    largest: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    """Returns a statistic of the most likely tokens, `top` i64 [n, K]."""
    if statistic.kind == "top-tokens":
        return top[:, : statistic.width].float()
    below = (logits.gather(1, top) - largest) / temperature
    if statistic.kind == "margin":
        if top.shape[1] < 2:
            return torch.full_like(largest, torch.inf)
        return below[:, :1] - below[:, 1:2]
    others = weights.scatter(1, top[:, :1], 0.0).sum(dim=1, keepdim=True)
    return below[:, : statistic.width] - torch.log1p(others)


def _rank(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Returns the number of tokens before the target, i64 [n, 1]: likelier, or alike and lower."""
    own = logits.gather(1, targets.unsqueeze(1))
    numbers = torch.arange(logits.shape[1], device=logits.device)
    before = (logits > own) | ((logits == own) & (numbers < targets.unsqueeze(1)))
    return before.sum(dim=1, keepdim=True)


def top_tokens(logits: torch.Tensor, count: int) -> torch.Tensor:
    """Returns the `count` likeliest tokens, i64 [n, count], of equal ones the lower first.

    `topk` promises nothing about equal values. So rows whose last value occurs outside too are
    sorted whole, by a stable sort; the others are brought into order among themselves.
    """
    values, tokens = logits.topk(count, dim=1)  # values descend
    tokens, order = tokens.sort(dim=1)
    _, order = values.gather(1, order).sort(dim=1, descending=True, stable=True)
    tokens = tokens.gather(1, order)
    cut = ((logits >= values[:, -1:]).sum(dim=1) > count).nonzero().squeeze(1)
    if len(cut):
        whole = logits[cut].sort(dim=1, descending=True, stable=True).indices
        tokens[cut] = whole[:, :count]
    return tokens
