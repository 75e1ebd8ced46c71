"""Draws tokens by the kernel's counters: Philox 4x32-10, keyed by seed and purpose."""

from __future__ import annotations

import math
from typing import Any

from .model import END, Table, by_likelihood, decode

MASK = 0xFFFF_FFFF


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        p, q = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ k, q & MASK, (p >> 32) ^ d ^ m, p & MASK
        k, m = (k + 0x9E3779B9) & MASK, (m + 0xBB67AE85) & MASK
    return a, b, c, d


class Draws:
    def __init__(self, seed: int) -> None:
        digest = 0xCBF29CE484222325
        for byte in b"sampling":
            digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFF_FFFF_FFFF_FFFF
        key = (digest & MASK, digest >> 32)
        self.key = philox((seed & MASK, seed >> 32, 0, 0), key)[:2]

    def uniform(self, step: int, prompt: int, sample: int, token: int) -> float:
        return (philox((token, sample, prompt, step), self.key)[0] >> 8) * 2.0**-24


def draw(
    logs: list[float], order: list[int], uniform: float, top_k: int, top_p: float, min_p: float
) -> int:
    """A token of the most likely ones, by a number in [0, 1); `order` is by likelihood."""
    order = order[: top_k or None]
    total = math.fsum(math.exp(logs[k]) for k in order)
    mass, kept = 0.0, []
    for token in order:
        kept.append(token)
        mass += math.exp(logs[token]) / total
        if mass >= top_p:
            break
    kept = [token for token in kept if math.exp(logs[token] - logs[kept[0]]) >= min_p]
    rest = uniform * math.fsum(math.exp(logs[token]) for token in kept)
    for token in kept:
        rest -= math.exp(logs[token])
        if rest < 0:
            return token
    return kept[-1]


def complete(
    table: Table, last: int, draws: Draws, counters: tuple[int, int, int], request: dict[str, Any]
) -> tuple[list[int], list[float], bool]:
    """A completion behind a token, log π of each of its tokens, and whether it ended by itself."""
    tokens: list[int] = []
    logs: list[float] = []
    step, prompt, sample = counters
    while len(tokens) < request["maximumTokens"]:
        is_short = len(tokens) < request["minimumTokens"]
        row = table.logs(tokens[-1] if tokens else last, request["temperature"] or 1)
        order = [token for token in by_likelihood(row) if not is_short or token != END]
        token = order[0]
        if request["temperature"] != 0:
            uniform = draws.uniform(step, prompt, sample, len(tokens))
            token = draw(
                row, order, uniform, request["topK"], request["topP"], request["minP"])  # fmt: skip
        before = decode(tokens, False)
        tokens.append(token)
        logs.append(row[token])
        text = decode(tokens, False)
        # A stop string counts that ends in this token.
        is_stopped = any(text.count(stop) > before.count(stop) for stop in request["stopStrings"])
        if token == END or (is_stopped and not is_short):
            return tokens, logs, True
    return tokens, logs, False
