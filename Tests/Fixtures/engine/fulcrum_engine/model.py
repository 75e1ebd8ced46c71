"""The model: logits of the next token are a row of a table, chosen by the token before it."""

from __future__ import annotations

import array
import math

VOCABULARY = 128
END = 0
CONTEXT = 4096


def encode(text: str) -> array.array[int]:
    """A token for each ASCII character; the end's own name is the end."""
    return array.array("i", (ord(c) if 0 < ord(c) < 128 else 63 for c in text))


def decode(tokens: list[int], keep_special: bool) -> str:
    return "".join("<end>" if t == END else chr(t) for t in tokens if keep_special or t != END)


class Table:
    """Weights of a row for each token before and a column for each token."""

    def __init__(self, weights: array.array[float] | None = None) -> None:
        if weights is None:
            # Any fixed, uneven numbers will do; ends are likelier than others.
            weights = array.array("d", (2 * math.sin(1.7 * i) for i in range(VOCABULARY**2)))
            for row in range(VOCABULARY):
                weights[row * VOCABULARY + END] += 2
        self.weights = weights
        self._rows: dict[tuple[int, float], list[float]] = {}

    def set(self, weights: array.array[float]) -> None:
        self.weights = array.array("d", weights)
        self._rows = {}

    def logs(self, previous: int, temperature: float) -> list[float]:
        """log π of every token after one, at a temperature."""
        row = self._rows.get((previous, temperature))
        if row is None:
            start = previous * VOCABULARY
            logits = [w / temperature for w in self.weights[start : start + VOCABULARY]]
            total = math.log(math.fsum(math.exp(x) for x in logits))
            row = self._rows[previous, temperature] = [x - total for x in logits]
        return row


def entropy(logs: list[float]) -> float:
    return -math.fsum(math.exp(x) * x for x in logs)


def lever(logs: list[float], token: int) -> float:
    """‖e − π‖₂"""
    return math.sqrt(math.fsum(((k == token) - math.exp(x)) ** 2 for k, x in enumerate(logs)))


def by_likelihood(logs: list[float]) -> list[int]:
    """The tokens from the most likely on; of equal ones the lower first."""
    return sorted(range(len(logs)), key=lambda token: (-logs[token], token))


def statistic(name: str, logs: list[float], token: int) -> list[float] | None:
    """A further statistic's values; None for one that is unknown."""
    kind, _, argument = name.rstrip(")").partition("(")
    order = by_likelihood(logs)
    if kind == "top-probability":
        return [math.exp(logs[order[0]])]
    if kind == "margin":
        return [logs[order[0]] - logs[order[1]]]
    if kind == "rank":
        return [order.index(token)]
    if kind == "mass-above":
        least = float(argument) * math.exp(logs[order[0]])
        return [math.fsum(p for p in map(math.exp, logs) if p >= least)]
    if kind == "top-tokens":
        return list(order[: int(argument)])
    if kind == "top-log-probabilities":
        return [logs[k] for k in order[: int(argument)]]
    return None
