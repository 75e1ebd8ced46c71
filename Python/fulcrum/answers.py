"""Answers the calls of instances: from arrays and JSON to functions and back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from .errors import Fault
from .loading import Instance
from .rewards import Sample, Score, score
from .wire import Array

Reply = tuple[dict[str, Any], dict[str, Any]]
_COLUMN = "column:"
# Arrays whose names in Python aren't those of the wire.
_NAMES = {"shares": "sequence_shares", "groups": "group_of_sequence"}


def as_json(value: Any) -> bytes:
    """The bytes of a value's JSON.

    - Raises Fault for what JSON has not.
    """
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Fault(f"expected what JSON can hold: texts, finite numbers, lists; {error}") from None


def _batch(kind: str, instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Any:
    """A call's batch: the header's numbers, and the arrays in the frame's memory, read-only."""
    from . import batch

    given: dict[str, Any] = {_snake(name): value for name, value in header.items()}
    columns: dict[str, Any] = {}
    for name, array in arrays.items():
        values = array.numpy()
        if name.startswith(_COLUMN):
            columns[name[len(_COLUMN) :]] = values
        else:
            given[_NAMES.get(name, _snake(name))] = values
    if "finished" in given:
        given["finished"] = given["finished"].view("?")
    made = getattr(batch, kind)(_columns=columns, **given)
    return made.of(instance.needs, instance.seed)


def _snake(name: str) -> str:
    return re.sub("([A-Z])", lambda found: "_" + found[0].lower(), name)


def _metrics(batch: Any) -> list[list[Any]]:
    return [[name, total, count] for name, (total, count) in batch.metrics.items()]


def _transform(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    from .arrays import transform

    batch = _batch("Batch", instance, header, arrays)
    advantages = vars(batch).pop("advantages")
    result = transform(instance.component, instance.values, advantages, batch)
    return {"metrics": _metrics(batch)}, {"advantages": result}


def _phases(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    from .arrays import phases

    batch = _batch("Batch", instance, header, arrays)
    advantages = vars(batch).pop("advantages")
    component, values, passes = instance.component, instance.values, instance.passes
    masks = phases(component, values, advantages, batch, passes)
    listed = [{"name": name, "all": mask is None} for name, mask in masks.items()]
    numbered = enumerate(masks.values())
    sent = {f"mask-{i}": mask.astype("u1") for i, mask in numbered if mask is not None}
    return {"metrics": _metrics(batch), "phases": listed}, sent


def _weigh(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    from .arrays import weigh

    batch = _batch("ObjectiveBatch", instance, header, arrays)
    result = weigh(instance.component, instance.values, batch)
    names = ("weights", "losses", "entropyWeights", "entropyLosses")
    return {"metrics": _metrics(batch)}, dict(zip(names, result, strict=False))


def _score(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    rows = json.loads(arrays["samples"].text())
    samples = [Sample(**{_snake(name): value for name, value in row.items()}) for row in rows]
    scores = score(instance.component, instance.values, samples)
    verdicts: list[dict[str, Any]] = [
        {"reward": s.reward, "outcome": s.outcome, "parts": [list(p) for p in s.parts.items()]}
        if isinstance(s, Score)
        else {"outcome": s.outcome, "reason": s.reason}
        for s in scores
    ]
    return {}, {"scores": as_json(verdicts)}


def _items(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    assert instance.task is not None
    items = instance.task.items(header["first"], header["count"])
    return {}, {"items": as_json([item.json() for item in items])}


def _held_out(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    assert instance.task is not None
    items = instance.task.held_out_items(header["perCategory"])
    return {}, {"items": as_json([item.json() for item in items])}


def _demonstration(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    assert instance.task is not None
    return {}, {"text": as_json(_pair(*instance.task.demonstration(header["index"])))}


def _held_out_demonstrations(
    instance: Instance, header: dict[str, Any], arrays: dict[str, Array]
) -> Reply:
    assert instance.task is not None
    pairs = instance.task.held_out_demonstration_pairs(header["count"])
    return {}, {"pairs": as_json([_pair(*pair) for pair in pairs])}


def _pair(prompt: Any, completion: str) -> dict[str, Any]:
    if isinstance(prompt, str):
        return {"prompt": prompt, "completion": completion}
    return {"messages": [dict(message) for message in prompt], "completion": completion}


ANSWERS: dict[str, Callable[[Instance, dict[str, Any], dict[str, Array]], Reply]] = {
    "transform": _transform,
    "phases": _phases,
    "weigh": _weigh,
    "score": _score,
    "items": _items,
    "heldOut": _held_out,
    "demonstration": _demonstration,
    "heldOutDemonstrations": _held_out_demonstrations,
}
