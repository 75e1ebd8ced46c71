"""Weights, copies, snapshots and files: the calls that need no batch."""

from __future__ import annotations

import array
import json
import os
from typing import Any

from .model import VOCABULARY, Table
from .notes import note
from .training import Trainer

Content = tuple[dict[str, Any], dict[str, Any]]
NOTHING: Content = ({}, {})


class Refusal(Exception):
    """Something that can't be done; the engine is as before."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        self.header = {"code": code, "message": message} | ({"hint": hint} if hint else {})


class State:
    """A policy, its copies and its snapshots."""

    trainer: Trainer

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}
        self.tables: dict[int, Table] = {}
        self.snapshots: dict[int, tuple[Any, Any]] = {}
        self.count = 0

    def table(self, number: int) -> Table:
        if number not in self.tables:
            raise Refusal("usage", f"no model {number}")
        return self.tables[number]

    def call_apply(self, call: Any, header: Any, arrays: Any) -> Content:
        report = self.trainer.apply(self.tables[0], header["learningRate"])
        if report is None:
            raise Refusal("not-finite", "expected a finite gradient, got another")
        return {"norm": report[0], "clipped": report[1]}, {}

    def call_discard(self, call: Any, header: Any, arrays: Any) -> Content:
        self.trainer.restore(self.trainer.state())
        return NOTHING

    def call_save(self, call: Any, header: Any, arrays: Any) -> Content:
        with open(os.path.join(header["directory"], "table.f64"), "wb") as file:
            file.write(self.table(header["model"]).weights.tobytes())
        return NOTHING

    def call_saveOptimizer(self, call: Any, header: Any, arrays: Any) -> Content:
        # A copy has no optimiser, and its file lost nothing.
        if header["model"] == 0:
            self.trainer.save(header["directory"])
        return NOTHING

    def call_loadOptimizer(self, call: Any, header: Any, arrays: Any) -> Content:
        if header["model"] != 0:
            return NOTHING
        try:
            self.trainer.load(header["directory"])
        except (OSError, ValueError) as error:
            raise Refusal("checkpoint", str(error)) from None
        return NOTHING

    def call_saveGradient(self, call: Any, header: Any, arrays: Any) -> Content:
        data = array.array("f", self.trainer.gradient).tobytes()
        shape = [VOCABULARY, VOCABULARY]
        entry = {"dtype": "F32", "shape": shape, "data_offsets": [0, len(data)]}
        text = json.dumps({"table": entry}).encode()
        with open(header["file"], "wb") as file:
            file.write(len(text).to_bytes(8, "little") + text + data)
        return NOTHING

    def call_freeze(self, call: Any, header: Any, arrays: Any) -> Content:
        original = self.table(header["model"])
        self.count += 1
        self.tables[self.count] = Table(array.array("d", original.weights))
        return {"model": self.count}, {}

    def call_release(self, call: Any, header: Any, arrays: Any) -> Content:
        self.table(header["model"])
        del self.tables[header["model"]]
        note("models", len(self.tables))
        return NOTHING

    def call_blend(self, call: Any, header: Any, arrays: Any) -> Content:
        table, other = self.table(header["model"]), self.table(header["with"])
        share = header["share"]
        both = zip(table.weights, other.weights, strict=True)
        blended = array.array("d", ((1 - share) * a + share * b for a, b in both))
        table.set(other.weights if share == 1 else blended)
        return NOTHING

    def call_snapshot(self, call: Any, header: Any, arrays: Any) -> Content:
        self.count += 1
        weights = array.array("d", self.tables[0].weights)
        self.snapshots[self.count] = (weights, self.trainer.state())
        return {"snapshot": self.count}, {}

    def call_restore(self, call: Any, header: Any, arrays: Any) -> Content:
        if header["snapshot"] not in self.snapshots:
            raise Refusal("usage", f"no snapshot {header['snapshot']}")
        weights, state = self.snapshots[header["snapshot"]]
        self.tables[0].set(weights)
        self.trainer.restore(state)
        return NOTHING

    def call_forget(self, call: Any, header: Any, arrays: Any) -> Content:
        del self.snapshots[header["snapshot"]]
        note("snapshots", len(self.snapshots))
        return NOTHING
