"""The gradient, and the optimisers that take a step along it."""

from __future__ import annotations

import array
import json
import math
import os
from typing import Any

from .model import VOCABULARY, Table, entropy

COUNT = VOCABULARY**2


def zeros() -> array.array[float]:
    return array.array("d", bytes(8 * COUNT))


class Trainer:
    def __init__(self, parameters: dict[str, Any]) -> None:
        self.parameters = parameters
        self.gradient, self.first, self.second = zeros(), zeros(), zeros()
        self.steps = 0

    def add(
        self, table: Table, place: tuple[int, int], temperature: float, weights: tuple[float, float]
    ) -> None:
        """Adds weight · ∇ log π + entropy weight · ∇ H of a token."""
        previous, token = place
        logs = table.logs(previous, temperature)
        weight, pull = weights
        spread = entropy(logs)
        for k, log in enumerate(logs):
            p = math.exp(log)
            change = weight * ((k == token) - p) - pull * p * (log + spread)
            self.gradient[previous * VOCABULARY + k] += change / temperature

    def apply(self, table: Table, rate: float) -> tuple[float, bool] | None:
        """One step; gives the norm and whether it was clipped, None if it is not finite."""
        norm = math.sqrt(sum(g * g for g in self.gradient))
        if not math.isfinite(norm):
            self.gradient = zeros()
            return None
        limit = self.parameters["max-gradient-norm"]
        clipped = 0 < limit < norm
        scale = limit / norm if clipped else 1.0
        self.steps += 1
        table.set(self._stepped(table.weights, scale, rate))
        self.gradient = zeros()
        return norm, clipped

    def _stepped(
        self, weights: array.array[float], scale: float, rate: float
    ) -> array.array[float]:
        known = self.parameters
        if known["optimizer"] == "sgd":
            both = zip(weights, self.gradient, strict=True)
            return array.array("d", (w + rate * scale * g for w, g in both))
        one, two = known["beta1"], known["beta2"]
        decay = 0 if "table" in known["weight-decay-exclude"] else known["weight-decay"]
        bias = 1 - one**self.steps, 1 - two**self.steps
        stepped = array.array("d", weights)
        for i, g in enumerate(self.gradient):
            m = self.first[i] = one * self.first[i] + (1 - one) * scale * g
            v = self.second[i] = two * self.second[i] + (1 - two) * (scale * g) ** 2
            step = m / bias[0] / (math.sqrt(v / bias[1]) + known["epsilon"])
            stepped[i] += rate * (step - decay * stepped[i])
        return stepped

    def state(self) -> tuple[array.array[float], array.array[float], int]:
        return array.array("d", self.first), array.array("d", self.second), self.steps

    def restore(self, state: tuple[array.array[float], array.array[float], int]) -> None:
        self.first, self.second = array.array("d", state[0]), array.array("d", state[1])
        self.steps = state[2]
        self.gradient = zeros()

    def save(self, folder: str) -> None:
        with open(os.path.join(folder, "moments.f64"), "wb") as file:
            file.write(self.first.tobytes() + self.second.tobytes())
        with open(os.path.join(folder, "steps.json"), "w") as text:
            json.dump(self.steps, text)

    def load(self, folder: str) -> None:
        """Raises OSError or ValueError for what `save` didn't write."""
        with open(os.path.join(folder, "moments.f64"), "rb") as file:
            both = array.array("d", file.read())
        with open(os.path.join(folder, "steps.json")) as text:
            steps = int(json.load(text))
        if len(both) != 2 * COUNT:
            raise ValueError(f"expected {2 * COUNT} moments, got {len(both)}")
        self.restore((both[:COUNT], both[COUNT:], steps))
