"""The counter generator beside a plain reading of Core/CounterRandom.swift and Swift's library."""

from __future__ import annotations

import pytest

import fulcrum as f
from fulcrum.draws import philox


def block(key: list[int], counter: list[int]) -> list[int]:
    """`Philox.block`, line by line."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [
            (p1 >> 32) ^ c[1] ^ k[0],
            p1 % 2**32,
            (p0 >> 32) ^ c[3] ^ k[1],
            p0 % 2**32,
        ]
        k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
    return c


def swift(seed: int, purpose: str, number: int, count: int) -> list[int]:
    """The first values of `CounterRandom(seed:purpose:).stream(number)`."""
    value = 0xCBF29CE484222325
    for byte in purpose.encode():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    key = block([value % 2**32, value >> 32], [seed % 2**32, seed >> 32, 0, 0])[:2]
    blocks = [block(key, [i, 0, number % 2**32, number >> 32]) for i in range(count)]
    return [b[0] + b[1] * 2**32 for b in blocks]


def test_philox_gives_the_papers_numbers() -> None:
    # Known answers of Random123, kat_vectors: philox4x32 10.
    assert philox((0, 0), (0, 0, 0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    ones = 0xFFFFFFFF
    assert philox((ones,) * 2, (ones,) * 4) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)


@pytest.mark.parametrize("seed", [0, 7, 2**40 + 3, 2**64 - 1])
@pytest.mark.parametrize("number", [0, 17, 2**33 + 5])
def test_streams_are_the_kernels(seed: int, number: int) -> None:
    expected = swift(seed, "knights é", number, 20)
    draw = f.random(seed, "knights é", number)
    assert [draw.bits() for _ in range(20)] == expected
    draw = f.random(seed, "knights é", number)
    assert [draw.uniform() for _ in range(20)] == [(bits >> 11) / 2**53 for bits in expected]
    draw = f.random(seed, "knights é", number)
    assert [draw.integer(10) for _ in range(20)] == [bits * 10 >> 64 for bits in expected]


def test_counters_before_the_last_are_of_the_purpose() -> None:
    assert f.random(7, "a").bits() == f.random(7, "a", 0).bits() == swift(7, "a", 0, 1)[0]
    assert f.random(7, "a", 3, 17).bits() == swift(7, "a/3", 17, 1)[0]


def test_integers_are_equally_likely_where_the_range_is_no_power_of_two() -> None:
    n = 2**63 + 1  # Nearly half of the draws are to be drawn again.
    bits = iter(swift(3, "x", 0, 100))
    expected: list[int] = []
    while len(expected) < 20:
        product = next(bits) * n
        while product % 2**64 < (2**64 - n) % n:
            product = next(bits) * n
        expected.append(product >> 64)
    draw = f.random(3, "x")
    assert [draw.integer(n) for _ in range(20)] == expected
    with pytest.raises(ValueError, match="from 1 on, got 0"):
        draw.integer(0)


def test_shuffles_are_those_of_swifts_library() -> None:
    values = list(range(10))
    bits = swift(5, "order", 2, 9)
    # MutableCollection.shuffle: each place changes with one of those from it on.
    for i in range(9):
        j = i + (bits[i] * (10 - i) >> 64)
        values[i], values[j] = values[j], values[i]
    assert f.random(5, "order", 2).shuffled(range(10)) == values
    assert f.random(5, "order").choice("abc") == "abc"[swift(5, "order", 0, 1)[0] * 3 >> 64]
    assert f.random(5, "order").shuffled([]) == []
