"""Philox 4x32-10, as the host's `CounterRandom`: a draw is a function of a counter and a key.

So a token's draw is the same whatever was drawn before it, on whatever rank, in whatever batch.

Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from fulcrum.draws import key_of

Words = npt.NDArray[np.uint64]

# The multipliers and the Weyl increments are the paper's constants.
_MULTIPLIERS = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_INCREMENTS = (0x9E3779B9, 0xBB67AE85)
_MASK = np.uint64(0xFFFF_FFFF)
_SHIFT = np.uint64(32)
_ROUNDS = 10


def philox(
    counter: tuple[Words, Words, Words, Words], key: tuple[int, int]
) -> tuple[Words, Words, Words, Words]:
    """The 128 random bits at each counter, as four words of 32 bits.

    Args:
        counter: four arrays of one shape (or shapes that broadcast), each word in 64 bits.
        key: two words.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(_ROUNDS):
        p0 = _MULTIPLIERS[0] * c0
        p1 = _MULTIPLIERS[1] * c2
        c0 = (p1 >> _SHIFT) ^ c1 ^ np.uint64(k0)
        c1 = p1 & _MASK
        c2 = (p0 >> _SHIFT) ^ c3 ^ np.uint64(k1)
        c3 = p0 & _MASK
        k0 = (k0 + _INCREMENTS[0]) & 0xFFFF_FFFF
        k1 = (k1 + _INCREMENTS[1]) & 0xFFFF_FFFF
    return c0, c1, c2, c3


class CounterRandom:
    """The draws of a seed and a purpose; the same bits as the host's type of this name."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._key = key_of(seed, purpose)

    def uniform(
        self, step: int, prompt: npt.ArrayLike, sample: npt.ArrayLike, token: npt.ArrayLike
    ) -> npt.NDArray[np.float32]:
        """Numbers in [0, 1) with 24 random bits; the arguments' shapes broadcast."""
        words = [np.asarray(word, np.uint64) for word in (token, sample, prompt, step)]
        bits = philox((words[0], words[1], words[2], words[3]), self._key)[0]
        drawn: npt.NDArray[np.float32] = (bits >> np.uint64(8)).astype(np.float32)
        return drawn * np.float32(2.0**-24)

    def seeds(
        self, step: int, prompt: npt.ArrayLike, sample: npt.ArrayLike
    ) -> npt.NDArray[np.int64]:
        """A seed from 0 to 2⁶² − 1 of each sample, for another program's draws."""
        words = [np.asarray(word, np.uint64) for word in (0, sample, prompt, step)]
        high, low, _, _ = philox((words[0], words[1], words[2], words[3]), self._key)
        joined: npt.NDArray[np.uint64] = ((high << np.uint64(32)) | low) >> np.uint64(2)
        return joined.astype(np.int64)
