"""The calls of the host, from arrays and JSON to functions and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .components import Component
from .errors import Fault
from .loading import Instance, Plugin, described, load, make
from .rewards import Sample, Score, score
from .wire import Array

if TYPE_CHECKING:
    from .batch import Batch, ObjectiveBatch

Reply = tuple[dict[str, Any], dict[str, Any]]
_COLUMN = "column:"
_DTYPES = {
    "u8": "u1", "i32": "i4", "i64": "i8", "u32": "u4", "u64": "u8", "f32": "f4", "f64": "f8"
}  # fmt: skip


class Calls:
    """Answers calls with a plugin's file. `component` is that of the call that came last."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.component: Component | None = None
        self._plugin: Plugin | None = None
        self._instances: dict[int, Instance] = {}
        self._made = 0

    def answer(self, name: str, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
        """The reply's header and arrays.

        - Raises Fault for a call that there is not; what the plugin raises.
        """
        self.component = None
        if name == "describe":
            return self._describe()
        if name == "make":
            return self._make(header)
        instance = self._instances.get(header.get("instance", 0))
        if name == "release":
            self._instances.pop(header.get("instance", 0), None)
            return {}, {}
        answers: dict[str, Callable[[Instance, dict[str, Any], dict[str, Array]], Reply]] = {
            "transform": _transform,
            "phases": _phases,
            "weigh": _weigh,
            "score": _score,
            "items": _items,
            "heldOut": _held_out,
            "demonstration": _demonstration,
        }
        if name not in answers:
            raise Fault(f"there is no call '{name}'", code="usage")
        if instance is None:
            raise Fault(f"there is no instance {header.get('instance')}", code="usage")
        self.component = instance.component
        return answers[name](instance, header, arrays)

    def _loaded(self) -> Plugin:
        if self._plugin is None:
            self._plugin = load(self.file)
        return self._plugin

    def _describe(self) -> Reply:
        plugin = self._loaded()
        components = [described(component) for component in plugin.components]
        return {"version": plugin.version}, {"components": as_json(components)}

    def _make(self, header: dict[str, Any]) -> Reply:
        self.component = self._loaded().component(header["kind"], header["name"])
        instance = make(self.component, header["parameters"], int(header["seed"]))
        self._made += 1
        self._instances[self._made] = instance
        reply: dict[str, Any] = {"instance": self._made, "needs": list(instance.needs)}
        traits = {
            name: value
            for name, value in self.component.traits.items()
            if name in ("nesting", "tokenwise", "entropy")
        }
        if self.component.kind == "update-scheduler":
            reply["passes"] = instance.passes
        if instance.task is not None:
            reply["trainingCount"] = instance.task.training_count
            reply["demonstrates"] = instance.task.demonstrations is not None
        return {**reply, **traits}, {}


def as_json(value: Any) -> bytes:
    """The bytes of a value's JSON.

    - Raises Fault for what JSON has not.
    """
    try:
        return json.dumps(value, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise Fault(f"expected what JSON can hold: texts, finite numbers, lists; {error}") from None


def _numpy(arrays: Mapping[str, Array]) -> dict[str, Any]:
    """A frame's arrays, in the frame's memory: read-only."""
    import numpy as np

    return {
        name: np.frombuffer(array.data, _DTYPES[array.type]).reshape(array.shape)
        for name, array in arrays.items()
    }


def _batch(instance: Instance, header: dict[str, Any], arrays: dict[str, Any]) -> Batch:
    from .batch import Batch

    batch: Batch = Batch(
        step=header["step"],
        rewards=arrays["rewards"],
        finished=arrays["finished"].view("?"),
        tokens=arrays["tokens"],
        offsets=arrays["offsets"],
        prompt_tokens=arrays["promptTokens"],
        prompt_offsets=arrays["promptOffsets"],
        group_offsets=arrays["groupOffsets"],
        minibatch_offsets=arrays["minibatchOffsets"],
        _columns=_columns(arrays),
    ).of(instance.needs, instance.seed)
    return batch


def _objective_batch(instance: Instance, header: dict[str, Any], arrays: dict[str, Any]) -> Any:
    from .batch import ObjectiveBatch

    return ObjectiveBatch(
        step=header["step"],
        update=header["update"],
        minibatch_token_count=header["minibatchTokenCount"],
        minibatch_sequence_count=header["minibatchSequenceCount"],
        log_probabilities=arrays["logProbabilities"],
        entropies=arrays["entropies"],
        levers=arrays["levers"],
        advantages=arrays["advantages"],
        offsets=arrays["offsets"],
        sequence_shares=arrays["shares"],
        group_of_sequence=arrays["groups"],
        _columns=_columns(arrays),
    ).of(instance.needs, instance.seed)


def _columns(arrays: dict[str, Any]) -> dict[str, Any]:
    return {n[len(_COLUMN) :]: array for n, array in arrays.items() if n.startswith(_COLUMN)}


def _metrics(batch: Batch | ObjectiveBatch) -> list[list[Any]]:
    return [[name, total, count] for name, (total, count) in batch.metrics.items()]


def _transform(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    from .arrays import transform

    given = _numpy(arrays)
    batch = _batch(instance, header, given)
    result = transform(instance.component, instance.values, given["advantages"], batch)
    return {"metrics": _metrics(batch)}, {"advantages": result}


def _phases(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    from .arrays import phases

    given = _numpy(arrays)
    batch = _batch(instance, header, given)
    masks = phases(instance.component, instance.values, given["advantages"], batch, instance.passes)
    listed = [{"name": name, "all": mask is None} for name, mask in masks.items()]
    sent = {
        f"mask-{i}": mask.astype("u1") for i, mask in enumerate(masks.values()) if mask is not None
    }
    return {"metrics": _metrics(batch), "phases": listed}, sent


def _weigh(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    from .arrays import weigh

    batch = _objective_batch(instance, header, _numpy(arrays))
    result = weigh(instance.component, instance.values, batch)
    names = ("weights", "losses", "entropyWeights", "entropyLosses")
    return {"metrics": _metrics(batch)}, dict(zip(names, result, strict=False))


def _score(instance: Instance, header: dict[str, Any], arrays: dict[str, Array]) -> Reply:
    samples = [
        Sample(
            row["prompt"],
            row["completion"],
            row["answer"],
            row["finished"],
            row.get("tokenCount"),
            row.get("tokenLimit"),
            row["id"],
            row["fields"],
            row["messages"],
        )
        for row in json.loads(arrays["samples"].text())
    ]
    scores = score(instance.component, instance.values, samples)
    rows: list[dict[str, Any]] = [
        {"reward": s.reward, "outcome": s.outcome, "parts": [list(p) for p in s.parts.items()]}
        if isinstance(s, Score)
        else {"outcome": s.outcome, "reason": s.reason}
        for s in scores
    ]
    return {}, {"scores": as_json(rows)}


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
    prompt, completion = instance.task.demonstration(header["index"])
    return {}, {"text": as_json({"prompt": prompt, "completion": completion})}
