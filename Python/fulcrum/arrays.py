"""Runs array functions, and checks what they give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .batch import Array, Batch, ObjectiveBatch
from .component import Component
from .errors import Fault, shown


def transform(
    component: Component, values: Mapping[str, Any], advantages: Array, batch: Batch
) -> Array:
    """The new advantages, f32 [T], finite.

    - Raises Fault for another result; what the function raises.
    """
    result = component.function(advantages, batch, **values)
    return _vector(result, component.name, batch.token_count)


def phases(
    component: Component, values: Mapping[str, Any], advantages: Array, batch: Batch, passes: int
) -> dict[str, Array | None]:
    """The phases in order: each one's mask, bool [T], or None where all tokens take part.

    - Raises Fault for another result, or tokens that aren't in `passes` phases.
    """
    who, count = component.name, batch.token_count
    result = component.function(advantages, batch, **values)
    masks: dict[str, Array | None] = {}
    taken = np.zeros(count, np.int64)
    for name, given in _pairs(result, who):
        if name in masks:
            raise Fault(f"{who}: expected phases of different names, got '{name}' twice")
        mask = None if given is None else _array(given, f"{who}: phase '{name}'", "a bool mask")
        if mask is not None and (mask.dtype != np.bool_ or mask.shape != (count,)):
            raise Fault(
                f"{who}: phase '{name}': expected {count} booleans, one for each token, got "
                f"{mask.dtype} of shape {mask.shape}"
            )
        masks[name] = mask
        taken += 1 if mask is None else mask
    if not masks:
        raise Fault(f"{who}: expected at least one phase, got none")
    wrong = np.flatnonzero(taken != passes)
    if len(wrong):
        raise Fault(
            f"{who}: expected every token in {passes} of the phases, got token {wrong[0]} in "
            f"{taken[wrong[0]]}",
            "phases must neither lose nor repeat tokens; to leave some out, give them advantage "
            "zero by a transform",
        )
    return masks


def weigh(component: Component, values: Mapping[str, Any], batch: ObjectiveBatch) -> list[Array]:
    """Weights and losses, and with `entropy` those of the entropy: f32 [T] each, finite.

    - Raises Fault for another result; what the function raises.
    """
    names = ["weights", "losses"]
    if component.traits.get("entropy"):
        names += ["entropy_weights", "entropy_losses"]
    result = component.function(batch, **values)
    if not isinstance(result, (tuple, list)) or len(result) != len(names):
        got = f"{len(result)} of them" if isinstance(result, (tuple, list)) else _got(result)
        raise Fault(f"{component.name}: expected ({', '.join(names)}), got {got}")
    return [
        _vector(part, f"{component.name}: {name}", batch.token_count)
        for name, part in zip(names, result, strict=True)
    ]


def _pairs(result: Any, who: str) -> list[tuple[str, Any]]:
    if not isinstance(result, (Mapping, list, tuple)):
        raise Fault(f"{who}: expected phases as {{name: mask}}, got {_got(result)}")
    pairs = list(result.items() if isinstance(result, Mapping) else result)
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2 or not isinstance(pair[0], str):
            raise Fault(f"{who}: expected phases as {{name: mask}}, got {_got(result)}")
    return [(name, mask) for name, mask in pairs]


def _vector(result: Any, who: str, count: int) -> Array:
    expected = f"{count} numbers, one for each token"
    array = _array(result, who, expected)
    if array.shape != (count,):
        raise Fault(f"{who}: expected {expected}, got an array of shape {array.shape}")
    if array.dtype.kind not in "biuf":
        raise Fault(f"{who}: expected {expected}, got an array of {array.dtype}")
    with np.errstate(over="ignore"):
        array = np.ascontiguousarray(array, np.float32)
    wrong = np.flatnonzero(~np.isfinite(array))
    if len(wrong):
        value = array[wrong[0]]
        raise Fault(
            f"{who}: expected finite numbers, got {value} at token {wrong[0]}"
            + (f" and {len(wrong) - 1} more" if len(wrong) > 1 else "")
        )
    return array


def _array(result: Any, who: str, expected: str) -> Array:
    if result is None:
        raise Fault(f"{who}: expected {expected}, got None", "does the function return it?")
    try:
        return np.asarray(result)
    except Exception as error:
        raise Fault(f"{who}: expected {expected}, got {_got(result)}: {error}") from None


def _got(value: Any) -> str:
    return "None" if value is None else shown(value)
