"""Random numbers without NumPy: the kernel's CounterRandom, number for number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Element = TypeVar("Element")
_32 = 0xFFFF_FFFF
_64 = 0xFFFF_FFFF_FFFF_FFFF


def philox(key: tuple[int, int], counter: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """The 128 bits at a counter, as four words: Philox 4x32-10 (Salmon and others, SC 2011)."""
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        p, q = 0xD251_1F53 * a, 0xCD9E_8D57 * c
        a, b, c, d = (q >> 32) ^ b ^ k, q & _32, (p >> 32) ^ d ^ m, p & _32
        k, m = (k + 0x9E37_79B9) & _32, (m + 0xBB67_AE85) & _32
    return a, b, c, d


def hash_of(purpose: str) -> int:
    """FNV-1a, 64 bits, of the text's UTF-8."""
    value = 0xCBF2_9CE4_8422_2325
    for byte in purpose.encode():
        value = ((value ^ byte) * 0x0000_0100_0000_01B3) & _64
    return value


def key_of(seed: int, purpose: str) -> tuple[int, int]:
    """The key of a seed's draws for a purpose: two words."""
    hashed = hash_of(purpose)
    mixed = philox((hashed & _32, hashed >> 32), (seed & _32, seed >> 32 & _32, 0, 0))
    return mixed[:2]


class Stream:
    """An endless stream of draws; each draw takes the next ones."""

    def __init__(self, seed: int, purpose: str, number: int) -> None:
        self._key = key_of(seed, purpose)
        self._number = (number & _32, number >> 32 & _32)
        self._position = 0

    def bits(self) -> int:
        """64 random bits."""
        position = (self._position & _32, self._position >> 32)
        self._position += 1
        low, high, _, _ = philox(self._key, (*position, *self._number))
        return low | high << 32

    def uniform(self) -> float:
        """A number in [0, 1) with 53 random bits."""
        return (self.bits() >> 11) * 2.0**-53

    def integer(self, n: int) -> int:
        """A whole number from 0 to n - 1, as Swift's `Int.random(in: 0..<n, using:)`.

        - Raises ValueError for n below 1.
        """
        if not 1 <= n <= _64:
            raise ValueError(f"expected a whole number from 1 on, got {n}")
        # Lemire, "Fast random integer generation in an interval", 2019: equally likely, no division
        # in most cases.
        product = self.bits() * n
        if product & _64 < n:
            while product & _64 < (2**64 - n) % n:
                product = self.bits() * n
        return product >> 64

    def choice(self, elements: Sequence[Element]) -> Element:
        """One of the elements, as Swift's `randomElement(using:)`."""
        return elements[self.integer(len(elements))]

    def shuffled(self, elements: Sequence[Element]) -> list[Element]:
        """A new list in another order, as Swift's `shuffled(using:)`."""
        result = list(elements)
        for i in range(len(result) - 1):
            j = i + self.integer(len(result) - i)
            result[i], result[j] = result[j], result[i]
        return result


def random(seed: int, purpose: str, *counters: int) -> Stream:
    """The stream of a seed, a purpose and counters (puzzle 17): the same whenever it is asked for.

    The last counter is the number of the kernel's stream, 0 if there is none; those before it are
    of the purpose: `random(7, "puzzles", 3, 17)` is stream 17 of the purpose `puzzles/3`.
    """
    *outer, number = counters or (0,)
    return Stream(seed, "/".join([purpose, *map(str, outer)]), number)
