"""Tries a plugin without the host: its parameters and results are checked as in a run.

    plugin = fulcrum.testing.load("damp-unlikely.py")
    batch = fulcrum.testing.batch(completions=[[[2, 3], [4]]], rewards=[1, -1])
    plugin.transform("damp-unlikely", [1, 1, -1], batch, alpha=0.5)

Works in pytest, unittest and by itself. NumPy is needed for what is given arrays.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import loading
from .configuration import configuration_name
from .made_up import batch, objective_batch, sample
from .rewards import Missing, Score, score
from .tasks import Task

if TYPE_CHECKING:
    from .batch import Array


__all__ = ["Plugin", "batch", "check", "load", "objective_batch", "sample"]


class Plugin:
    """A loaded file. A component's name may be left out where the file has one of its kind.

    `metrics` are the means of the call that came last, `drew` whether it drew random numbers.
    """

    def __init__(self, file: str | os.PathLike[str]) -> None:
        path = Path(file).absolute()
        if str(path.parent) not in sys.path:
            # What lies beside a file can be imported by it, as in a run.
            sys.path.insert(0, str(path.parent))
        plugin = loading.load(path)
        self.components, self.version = plugin.components, plugin.version
        self.metrics: dict[str, float] = {}
        self.drew = False
        self._plugin = plugin

    def make(
        self, kind: str, name: str | None, parameters: Mapping[str, Any], seed: int = 0
    ) -> loading.Instance:
        """An instance; parameters by their Python names."""
        given = {configuration_name(key): value for key, value in parameters.items()}
        return loading.make(self._plugin.component(kind, name), given, seed)

    def transform(self, *arguments: Any, **parameters: Any) -> Array:
        """`transform([name,] advantages, batch, **parameters)`: the new advantages."""
        from .arrays import transform

        made, advantages, batch = self._bound("advantage-transform", 2, arguments, parameters)
        result = transform(made.component, made.values, advantages, batch)
        self._keep(batch)
        return result

    def phases(self, *arguments: Any, **parameters: Any) -> dict[str, Array | None]:
        """`phases([name,] advantages, batch, **parameters)`: each phase's mask; None: all."""
        from .arrays import phases

        made, advantages, batch = self._bound("update-scheduler", 2, arguments, parameters)
        result = phases(made.component, made.values, advantages, batch, made.passes)
        self._keep(batch)
        return result

    def weigh(self, *arguments: Any, **parameters: Any) -> list[Array]:
        """`weigh([name,] batch, **parameters)`: weights and losses, two or four arrays."""
        from .arrays import weigh

        made, batch = self._bound("policy-objective", 1, arguments, parameters)
        result = weigh(made.component, made.values, batch)
        self._keep(batch)
        return result

    def score(self, *arguments: Any, **parameters: Any) -> list[Score | Missing]:
        """`score([name,] samples, **parameters)`: a verdict for each sample."""
        name, (samples,) = _named(arguments, 1)
        made = self.make("reward", name, parameters)
        return score(made.component, made.values, samples)

    def task(self, name: str | None = None, *, seed: int = 0, **parameters: Any) -> Task:
        """The task; `items`, `held_out_items` and `demonstration` give what the host asks for."""
        task = self.make("task", name, parameters, seed).task
        assert task is not None
        return task

    def _bound(
        self, kind: str, count: int, arguments: tuple[Any, ...], parameters: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        import numpy as np

        from .batch import read_only

        name, (*advantages, batch) = _named(arguments, count)
        made = self.make(kind, name, parameters, batch.seed)
        return (
            made,
            *(read_only(values, np.float32) for values in advantages),
            batch.of(made.needs),
        )

    def _keep(self, batch: Any) -> None:
        sums = batch.metrics.items()
        self.metrics = {name: total / count for name, (total, count) in sums if count}
        self.drew = vars(batch).get("_drew", False)


def load(file: str | os.PathLike[str]) -> Plugin:
    """Loads a plugin's file.

    - Raises what the file raises; fulcrum.errors.Fault if it registers nothing.
    """
    return Plugin(file)


def check(plugin: Plugin, name: str | None = None, **parameters: Any) -> None:
    """Tries components on made-up data: the one of this name, or all, with these parameters.

    Results have their shape and are finite, the same input gives the same bits, inputs stay as they
    are, and an order that must not matter doesn't.

    - Raises AssertionError for a broken promise; what the function raises.
    """
    from .contract import CHECKS

    found = [c for c in plugin.components if name in (None, c.name)]
    if not found:
        raise ValueError(f"there is no component '{name}' in this file")
    for component in found:
        CHECKS[component.kind](plugin, component.name, parameters)


def _named(arguments: tuple[Any, ...], count: int) -> tuple[str | None, tuple[Any, ...]]:
    if len(arguments) == count + 1 and isinstance(arguments[0], str):
        return arguments[0], arguments[1:]
    if len(arguments) != count:
        raise TypeError(f"expected {count} arguments, and the component's name before them")
    return None, arguments
