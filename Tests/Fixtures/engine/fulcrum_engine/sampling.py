"""Draws tokens by the kernel's counters: Philox 4x32-10, keyed by seed and purpose."""

from __future__ import annotations

import math

from .model import END, Table, by_likelihood

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


def draw(logs: list[float], uniform: float, top_k: int, top_p: float) -> int:
    """A token of the most likely ones, by a number in [0, 1)."""
    order = by_likelihood(logs)[: top_k or None]
    total = math.fsum(math.exp(logs[k]) for k in order)
    mass, kept = 0.0, []
    for token in order:
        kept.append(token)
        mass += math.exp(logs[token]) / total
        if mass >= top_p:
            break
    rest = uniform * mass * total
    for token in kept:
        rest -= math.exp(logs[token])
        if rest < 0:
            return token
    return kept[-1]


def complete(
    table: Table, last: int, draws: Draws, counters: tuple[int, int, int], request: dict[str, float]
) -> tuple[list[int], list[float]]:
    """A completion behind a token, with log π of each of its tokens."""
    tokens: list[int] = []
    logs: list[float] = []
    step, prompt, sample = counters
    while len(tokens) < request["maximumTokens"] and END not in tokens[-1:]:
        row = table.logs(tokens[-1] if tokens else last, request["temperature"] or 1)
        if request["temperature"] == 0:
            token = by_likelihood(row)[0]
        else:
            uniform = draws.uniform(step, prompt, sample, len(tokens))
            token = draw(row, uniform, int(request["topK"]), request["topP"])
        tokens.append(token)
        logs.append(row[token])
    return tokens, logs
