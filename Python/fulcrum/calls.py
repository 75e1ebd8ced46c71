"""The calls of the host, and the instances that they are about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .answers import ANSWERS, Reply, as_json
from .component import Component
from .errors import Fault
from .loading import Instance, Plugin, described, load, make
from .wire import Array


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
            plugin = self._loaded()
            components = [described(component) for component in plugin.components]
            return {"version": plugin.version}, {"components": as_json(components)}
        if name == "make":
            return self._make(header), {}
        number = header.pop("instance", None)
        if name == "release":
            self._instances.pop(number, None)
            return {}, {}
        if name not in ANSWERS or number not in self._instances:
            raise Fault(f"there is no call '{name}' of an instance {number}", code="usage")
        instance = self._instances[number]
        self.component = instance.component
        return ANSWERS[name](instance, header, arrays)

    def _loaded(self) -> Plugin:
        if self._plugin is None:
            self._plugin = load(self.file)
        return self._plugin

    def _make(self, header: dict[str, Any]) -> dict[str, Any]:
        self.component = self._loaded().component(header["kind"], header["name"])
        instance = make(self.component, header["parameters"], int(header["seed"]))
        self._made += 1
        self._instances[self._made] = instance
        reply = {"instance": self._made, "needs": list(instance.needs), **self.component.traits}
        if "passes" in reply:
            reply["passes"] = instance.passes
        if instance.task is not None:
            reply["trainingCount"] = instance.task.training_count
            reply["demonstrates"] = instance.task.demonstrations is not None
            reply["demonstrationCount"] = instance.task.demonstration_count
        return reply
