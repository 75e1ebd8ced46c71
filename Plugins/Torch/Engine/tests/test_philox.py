"""Philox against the paper's vectors, and `CounterRandom` against the host's own draws."""

from __future__ import annotations

import numpy as np
import pytest

from fulcrum_engine.philox import CounterRandom, philox

# The known-answer vectors that come with the paper's library (Random123, philox4x32-10).
VECTORS = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    (
        (0xFFFFFFFF,) * 4,
        (0xFFFFFFFF,) * 2,
        (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD),
    ),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
# From the host's CounterRandom.swift: seed, purpose, (step, prompt, sample, token), bits >> 8.
MOST = 0xFFFF_FFFF
DRAWS = [
    (7, "sampling", (1, 2, 3, 4), 6772792),
    (7, "sampling", (0, 0, 0, 0), 15966514),
    (7, "sampling", (MOST, MOST - 1, MOST - 2, MOST - 3), 2465297),
    (2**64 - 3, "sampling", (1, 2, 3, 4), 12991793),
    (2**64 - 3, "sampling", (MOST, MOST - 1, MOST - 2, MOST - 3), 13598462),
    (0, "puzzles", (1, 2, 3, 4), 2608456),
    (0, "puzzles", (0, 0, 0, 0), 8063603),
]


@pytest.mark.parametrize(("counter", "key", "expected"), VECTORS)
def test_philox_gives_the_published_vectors(
    counter: tuple[int, ...], key: tuple[int, int], expected: tuple[int, ...]
) -> None:
    a, b, c, d = (np.array([word], np.uint64) for word in counter)
    assert tuple(int(word[0]) for word in philox((a, b, c, d), key)) == expected


@pytest.mark.parametrize(("seed", "purpose", "counters", "bits"), DRAWS)
def test_draws_are_the_hosts_draws(
    seed: int, purpose: str, counters: tuple[int, int, int, int], bits: int
) -> None:
    assert float(CounterRandom(seed, purpose).uniform(*counters)) == bits / 2**24


def test_many_draws_at_once_are_those_of_one_by_one() -> None:
    random = CounterRandom(3, "sampling")
    prompts, tokens = np.array([5, 0, 2**32 - 1]), np.arange(4)
    table = random.uniform(9, prompts[:, None], 1, tokens)
    assert table.shape == (3, 4) and table.dtype == np.float32
    for row, prompt in enumerate(prompts):
        for token in tokens:
            assert table[row, token] == random.uniform(9, prompt, 1, token)
