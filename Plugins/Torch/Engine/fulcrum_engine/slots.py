"""The policy's frozen copies, and its states set aside, by number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from .errors import EngineError
from .masters import Masters
from .optimizer import Optimizer, OptimizerState


@dataclass
class Snapshot:
    """A state set aside: weights, and the optimiser's if it had taken a step."""

    values: list[torch.Tensor]
    state: OptimizerState | None


class Slots:
    """Holds the trained weights of frozen copies; slot 0 is the policy itself.

    With LoRA a copy is the adapters alone. A copy is scored by swapping it in, tensor by tensor.
    """

    def __init__(self, masters: Masters) -> None:
        self._masters = masters
        self._copies: dict[int, list[torch.Tensor]] = {}
        self._snapshots: dict[int, Snapshot] = {}
        self._last = 0

    def freeze(self, slot: int) -> int:
        """Copies a slot, and returns the copy's number."""
        return self.add([values.clone() for values in self.values(slot)])

    def add(self, values: list[torch.Tensor]) -> int:
        """Keeps values of a further slot, and returns its number."""
        self._last += 1
        self._copies[self._last] = values
        return self._last

    @torch.no_grad()
    def put(self, slot: int, values: list[torch.Tensor]) -> None:
        """Replaces a copy's values."""
        for own, other in zip(self._need_copy(slot), values, strict=True):
            own.copy_(other)

    def release(self, slot: int) -> None:
        """Forgets a copy."""
        self._need_copy(slot)
        del self._copies[slot]

    @contextmanager
    def using(self, slot: int) -> Iterator[None]:
        """Makes the passes read a slot's weights, and the policy's again afterwards."""
        if slot == 0:
            yield
            return
        copy = self._need_copy(slot)
        before: list[torch.Tensor | None] = []
        with torch.no_grad():
            for item, values in zip(self._masters, copy, strict=True):
                before.append(item.show(values))
        try:
            yield
        finally:
            with torch.no_grad():
                for item, own in zip(self._masters, before, strict=True):
                    if own is None:
                        item.refresh()
                    else:
                        item.show(own)

    @torch.no_grad()
    def blend(self, slot: int, other: int, share: float) -> None:
        """Computes θ ← (1 − share) θ + share θ'; 0 and 1 are copies, to the bit.

        Raises:
            EngineError: usage, for a share out of 0...1 or an unknown slot.
        """
        if not 0 <= share <= 1:
            raise EngineError("usage", f"expected a share from 0 to 1 to blend with, got {share}")
        own, towards = self.values(slot), self.values(other)
        for values, target in zip(own, towards, strict=True):
            if share == 1:
                values.copy_(target)
            elif share > 0:
                values.mul_(1 - share).add_(target, alpha=share)
        if slot == 0:
            for item in self._masters:
                item.refresh()

    def snapshot(self, optimizer: Optimizer) -> int:
        """Sets weights and optimiser aside, and returns the number to find them by."""
        state = optimizer.state.copy() if optimizer.has_stepped else None
        self._last += 1
        self._snapshots[self._last] = Snapshot(self._masters.copy(), state)
        return self._last

    def restore(self, number: int, optimizer: Optimizer) -> None:
        """Puts weights and optimiser back, and drops the gradient."""
        snapshot = self._need_snapshot(number)
        self._masters.clear()
        self._masters.put(snapshot.values)
        optimizer.state = snapshot.state.copy() if snapshot.state else None

    def forget(self, number: int) -> None:
        """Forgets a state set aside."""
        self._need_snapshot(number)
        del self._snapshots[number]

    def values(self, slot: int) -> list[torch.Tensor]:
        """Returns this rank's values of a slot, in their own memory."""
        if slot == 0:
            return [item.values for item in self._masters]
        return self._need_copy(slot)

    def _need_copy(self, slot: int) -> list[torch.Tensor]:
        if slot not in self._copies:
            raise EngineError("usage", f"expected a frozen copy's number, got {slot}")
        return self._copies[slot]

    def _need_snapshot(self, number: int) -> Snapshot:
        if number not in self._snapshots:
            raise EngineError("usage", f"expected a snapshot's number, got {number}")
        return self._snapshots[number]
