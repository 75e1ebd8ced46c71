"""Keys and values of rows that have lengths of their own, in memory that is taken once.

transformers' caches grow by copying and know one length for all rows; here a row that ended makes
room for another sample at once, and a step writes one place in each row.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers.cache_utils import Cache, CacheLayerMixin, DynamicCache

# Places are taken so many at a time, and half as many again as there are: few copies, little waste.
_GRAIN = 64


class _Step:
    """Where the keys of the step that runs now belong, the same for all layers."""

    def __init__(self) -> None:
        self.lengths = torch.zeros(0, dtype=torch.int64)
        self.longest = 0
        self._places: dict[tuple[int, int], Tensor] = {}

    def begin(self, lengths: Tensor, longest: int) -> None:
        self.lengths, self.longest = lengths, longest
        self._places.clear()

    def places(self, heads: int, capacity: int) -> Tensor:
        """The new keys' places among [rows · heads · capacity], for layers of this shape."""
        found = self._places.get((heads, capacity))
        if found is None:
            starts = torch.arange(len(self.lengths) * heads, device=self.lengths.device) * capacity
            found = (starts.view(-1, heads) + self.lengths[:, None]).view(-1)
            self._places[heads, capacity] = found
        return found


class RowLayer(CacheLayerMixin):
    """A layer's keys and values, each [rows, heads, capacity, head size]."""

    is_sliding = False
    is_compileable = False

    def __init__(self, rows: int, most: int, step: _Step) -> None:
        super().__init__()
        self._rows, self._most, self._step = rows, most, step

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        self.keys = self._room(key_states, _GRAIN)
        self.values = self._room(value_states, _GRAIN)
        self.is_initialized = True

    def put(self, places: Tensor, keys: Tensor, values: Tensor) -> None:
        """Copies whole beginnings of rows: keys and values [places, heads, length, head size]."""
        length = keys.shape[2]
        self._reserve(keys, values, length)
        self.keys[places, :, :length] = keys
        self.values[places, :, :length] = values

    def move(self, places: Tensor, sources: Tensor, length: int) -> None:
        """Copies the first `length` places of rows onto other rows."""
        self.keys[places, :, :length] = self.keys[sources, :, :length]
        self.values[places, :, :length] = self.values[sources, :, :length]

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Writes each row's new key and value [rows, heads, 1, head size] at the row's length.

        Returns:
            The live rows' keys and values, up to the longest row.
        """
        self._reserve(key_states, value_states, self._step.longest + 1)
        rows, heads, _, _ = key_states.shape
        places = self._step.places(heads, self.keys.shape[2])
        shown = []
        for store, states in ((self.keys, key_states), (self.values, value_states)):
            size = store.shape[-1]
            store.view(-1, size).index_copy_(0, places, states.reshape(-1, size))
            shown.append(store[:rows, :, : self._step.longest + 1])
        return shown[0], shown[1]

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        return self._step.longest + query_length, 0

    def get_seq_length(self) -> int:
        return self._step.longest

    def get_max_length(self) -> int:
        return -1

    def _reserve(self, keys: Tensor, values: Tensor, length: int) -> None:
        if not self.is_initialized:
            self.lazy_initialization(keys, values)
        capacity = self.keys.shape[2]
        if length <= capacity:
            return
        wanted = max(length, capacity + capacity // 2)
        wanted = max(length, min(self._most, -(-wanted // _GRAIN) * _GRAIN))
        for name in ("keys", "values"):
            old = getattr(self, name)
            new = self._room(old, wanted)
            new[:, :, :capacity] = old
            setattr(self, name, new)

    def _room(self, like: Tensor, capacity: int) -> Tensor:
        # Zeros: places that no mask shows are multiplied by a probability of 0, and 0 · NaN is NaN.
        return like.new_zeros(self._rows, like.shape[1], capacity, like.shape[3])


class RowCache(Cache):
    """The cache of a batch whose rows have lengths of their own.

    Args:
        rows: the most live rows.
        most: the most places that a row may need.
    """

    def __init__(self, rows: int, most: int, layers: int) -> None:
        self._step = _Step()
        super().__init__(layers=[RowLayer(rows, most, self._step) for _ in range(layers)])

    def begin_step(self, lengths: Tensor, longest: int) -> None:
        """Says where the next step's keys go: row r's to place lengths[r]; rows are the first."""
        self._step.begin(lengths, longest)

    def put(self, places: Tensor, source: DynamicCache, rows: Tensor, length: int) -> None:
        """Copies rows of a prefilled cache, of which no row needs more than `length` places."""
        for layer, filled in zip(self.layers, source.layers, strict=True):
            layer.put(places, filled.keys[rows, :, :length], filled.values[rows, :, :length])

    def move(self, places: Tensor, sources: Tensor, length: int) -> None:
        """Copies the first `length` places of rows onto other rows."""
        for layer in self.layers:
            layer.move(places, sources, length)
