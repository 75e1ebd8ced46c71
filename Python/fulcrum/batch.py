"""What array functions are given: batches of NumPy arrays, read-only."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .draws import hash_of

Array = NDArray[Any]


def read_only(values: Any, dtype: Any) -> Array:
    """An array that nobody may write to: the same memory if it can be."""
    array = np.asarray(values, dtype)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array


class _Batch:
    """Columns and metrics, of every kind of batch. `column(name)`, or the name as an attribute."""

    step: int
    offsets: Array
    _columns: dict[str, Array]
    _needs: tuple[str, ...] = ()
    seed: int = 0

    def __init__(self, **arrays: Any) -> None:
        self.__dict__.update(arrays)
        self.metrics: dict[str, tuple[float, int]] = {}

    def of(self, needs: tuple[str, ...], seed: int | None = None) -> Any:
        """The same batch for a component: with the columns that it declared, and no metrics yet."""
        bound = copy.copy(self)
        bound._needs = needs
        bound.seed = self.seed if seed is None else seed
        bound.metrics = {}
        return bound

    def column(self, name: str) -> Array:
        """A declared column, f32 [tokens] or [tokens, width].

        - Raises AttributeError for one that the component doesn't name in `needs`.
        """
        if name not in self._needs:
            raise AttributeError(
                f"the batch has no '{name}'; if it is a column, name it in the decorator: "
                f"needs=['{name}']"
            )
        if name not in self._columns and self.token_count > 0:
            raise AttributeError(f"the batch was made without the column '{name}'")
        return self._columns.get(name, read_only([], np.float32))

    def __getattr__(self, name: str) -> Array:
        # Names of attributes that aren't there; Python asks for some of its own.
        if name.startswith("_"):
            raise AttributeError(name)
        return self.column(name.replace("_", "-"))

    @property
    def token_count(self) -> int:
        return int(self.offsets[-1])

    @cached_property
    def lengths(self) -> Array:
        """Tokens of each sequence, i64 [S]."""
        return read_only(np.diff(self.offsets), np.int64)

    @cached_property
    def sequence_of_token(self) -> Array:
        """The number of each token's sequence, i64 [T]."""
        return self.per_token(np.arange(len(self.lengths)))

    def per_token(self, values: Any) -> Array:
        """Values of sequences, spread out: each token has its sequence's, [T]."""
        values = np.asarray(values)
        if len(values) != len(self.lengths):
            raise ValueError(
                f"expected {len(self.lengths)} values, one for each sequence, got {len(values)}"
            )
        return read_only(np.repeat(values, self.lengths, axis=0), values.dtype)

    def metric(self, name: str, values: Any, where: Any = None) -> None:
        """Adds values to a named mean; `where` is a bool mask of those that count.

        - Raises ValueError for values that aren't finite.
        """
        array = np.asarray(values, np.float64)
        if where is not None:
            mask = np.asarray(where, np.bool_)
            array = np.broadcast_to(array, mask.shape)[mask]
        total = float(array.sum())
        if not np.isfinite(total):
            raise ValueError(f"metric {name!r}: expected finite values, got a sum of {total}")
        before, count = self.metrics.get(str(name), (0.0, 0))
        self.metrics[str(name)] = (before + total, count + array.size)

    def random(self, purpose: str) -> np.random.Generator:
        """Draws that are a function of seed, step, update and purpose: the same if asked again."""
        key = np.array([self.seed, hash_of(purpose)], np.uint64)
        counter = np.array([0, 0, vars(self).get("update", 0), self.step], np.uint64)
        self.__dict__["_drew"] = True
        return np.random.Generator(np.random.Philox(counter=counter, key=key))


class Batch(_Batch):
    """A step's completions: G groups, S sequences, T tokens; columns are flat over the tokens."""

    tokens: Array
    rewards: Array
    finished: Array
    prompt_tokens: Array
    prompt_offsets: Array
    group_offsets: Array
    minibatch_offsets: Array

    @cached_property
    def group_of_sequence(self) -> Array:
        """The number of each sequence's group, i64 [S]."""
        sizes = np.diff(self.group_offsets)
        return read_only(np.repeat(np.arange(len(sizes)), sizes), np.int64)


class ObjectiveBatch(_Batch):
    """Tokens of some sequences of a mini-batch, scored by the policy that is being updated.

    `shares` is each token's factor in the objective, f64 [T].
    """

    log_probabilities: Array
    entropies: Array
    levers: Array
    advantages: Array
    group_of_sequence: Array
    sequence_shares: Array
    minibatch_token_count: int
    minibatch_sequence_count: int
    update: int

    @cached_property
    def shares(self) -> Array:
        return self.per_token(self.sequence_shares)
