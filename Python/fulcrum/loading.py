"""A plugin's file: how it is loaded, and what it registers."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import decorators, interface
from .component import ARRAY_KINDS, Component
from .configuration import complete, configuration_name
from .errors import Fault, near
from .tasks import Task


@dataclass(frozen=True)
class Plugin:
    """A file's components and its `__version__`."""

    version: str
    components: list[Component]

    def component(self, kind: str | None, name: str | None) -> Component:
        """The only component that fits; None fits all.

        - Raises Fault if none does, or several do.
        """
        found = [c for c in self.components if kind in (None, c.kind) and name in (None, c.name)]
        if len(found) != 1:
            of_kind = sorted({c.name for c in self.components if kind in (None, c.kind)})
            hint = near(name, of_kind) if name else "known: " + ", ".join(of_kind)
            what = f"{kind or 'component'} '{name}'" if name else f"{kind} without a name"
            raise Fault(f"expected one {what} in this file, got {len(found)}", hint, "not-found")
        return found[0]


@dataclass(frozen=True)
class Instance:
    """A component with its parameters, by their Python names."""

    component: Component
    values: dict[str, Any]
    seed: int
    needs: tuple[str, ...]
    passes: int
    task: Task | None


def load(path: Path) -> Plugin:
    """Runs a file and gathers what its own functions were registered as.

    - Raises Fault if it registers nothing; what the file raises.
    """
    name = path.stem
    if "." in name or name in sys.stdlib_module_names or name in sys.modules:
        name = "fulcrum_plugin_" + name.replace(".", "_")
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Fault(f"{path} is no Python file", code="not-found")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    first = len(decorators.registered)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    if hasattr(module, "__fulcrum__"):
        interface.check(module.__fulcrum__, path.name)
    # Another plugin's file may have been imported for its functions: its components are its own.
    found = [c for c in decorators.registered[first:] if c.file == name]
    trl = getattr(module, "reward", None)
    if not found and inspect.isfunction(trl) and "completions" in inspect.signature(trl).parameters:
        summary = (inspect.getdoc(trl) or f"the function reward of {path.name}").partition("\n")[0]
        source = "a reward function in TRL's form"
        found = [Component("reward", path.stem, source, summary, {}, trl, is_trl=True)]
    if not found:
        raise Fault(
            f"{path.name} registers nothing",
            "put @f.advantage_transform, @f.reward or another decorator of fulcrum above a "
            "function, or write TRL's form: def reward(prompts, completions, answer, **columns)",
        )
    places = [(c.kind, c.name) for c in found]
    for kind, component in places:
        if places.count((kind, component)) > 1:
            raise Fault(f"{path.name} registers the {kind} '{component}' twice")
    return Plugin(str(getattr(module, "__version__", "0")), found)


def make(component: Component, given: Mapping[str, Any], seed: int) -> Instance:
    """An instance; `given` has parameters by the configuration's names.

    - Raises Refusal for a parameter; Fault for a task's function that gives no task, or needs that
      are no names; ImportError if it needs NumPy and there is none.
    """
    if component.kind in ARRAY_KINDS:
        import numpy as np  # noqa: F401 (that it can be imported is said here, not in mid-run)
    values = complete(component.parameters, given)
    if component.check is not None:
        component.check(**values)
    needs = component.needs(**values) if callable(component.needs) else component.needs
    if isinstance(needs, str) or not all(isinstance(name, str) for name in needs):
        raise Fault(f"{component.name}: needs is a list of columns' names, not {needs!r}")
    passes = component.traits.get("passes", 1)
    task = component.function(seed, **values) if component.kind == "task" else None
    if component.kind == "task" and not isinstance(task, Task):
        raise Fault(f"{component.name}: expected an f.Task(…), got {task!r:.80}")
    return Instance(
        component,
        values,
        seed,
        tuple(dict.fromkeys(needs)),
        int(passes(**values) if callable(passes) else passes),
        task,
    )


def described(component: Component) -> dict[str, Any]:
    """What the host is told of a component."""
    return {
        "kind": component.kind,
        "name": component.name,
        "summary": component.summary,
        "formula": component.formula,
        "source": component.source,
        "parameters": [
            {**vars(parameter), "name": configuration_name(name)}
            for name, parameter in component.parameters.items()
        ],
        "numpy": component.kind in ARRAY_KINDS,
    }
