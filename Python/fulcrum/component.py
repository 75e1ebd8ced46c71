"""A component: a function with all that its decorator says."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .configuration import configuration_name
from .errors import Fault
from .parameters import Parameter

Needs = Sequence[str] | Callable[..., Sequence[str]]
# What the host gives to a function of each kind, beside the parameters.
ARGUMENTS = {
    "advantage-transform": ("advantages", "batch"),
    "update-scheduler": ("advantages", "batch"),
    "policy-objective": ("batch",),
    "reward": ("samples",),
    "task": ("seed",),
}
# Kinds whose functions are given arrays.
ARRAY_KINDS = ("advantage-transform", "update-scheduler", "policy-objective")


@dataclass(frozen=True)
class Component:
    """A function with all that its decorator says. Parameters are by their Python names."""

    kind: str
    name: str
    source: str
    summary: str
    parameters: dict[str, Parameter]
    function: Callable[..., Any]
    # What becomes of a token's weight or advantage, in one line; empty: it says nothing of it.
    formula: str = ""
    needs: Needs = ()
    check: Callable[..., Any] | None = None
    # What the host is told of an instance: passes, nesting, tokenwise, entropy.
    traits: dict[str, Any] = field(default_factory=dict)
    # A reward's: from where on a bare number is a correct answer, and whether it has TRL's form.
    correct_from: float = 1.0
    is_trl: bool = False
    # The module that registered it.
    file: str = ""

    def __post_init__(self) -> None:
        who = f"{self.kind} {self.name!r}"
        for name in ("name", "source", "summary", "formula"):
            if not isinstance(getattr(self, name), str):
                raise Fault(f"{who}: its {name} is a text, not {getattr(self, name)!r}")
        if not self.summary:
            raise Fault(f"{who} has no summary", "give the function a docstring, or summary=")
        names = [configuration_name(name) for name in self.parameters]
        for name, parameter in self.parameters.items():
            if not isinstance(parameter, Parameter):
                raise Fault(
                    f"{who}: expected f.number(…), f.text(…) or the like for '{name}', "
                    f"got {parameter!r}",
                )
            if names.count(configuration_name(name)) > 1:
                raise Fault(f"{who}: two parameters are '{configuration_name(name)}'")
        if isinstance(self.needs, str):
            raise Fault(f"{who}: needs is a list of columns' names", f"needs=[{self.needs!r}]")
        if not self.is_trl:
            self._check_signature(who)

    def _check_signature(self, who: str) -> None:
        given = ARGUMENTS[self.kind]
        try:
            inspect.signature(self.function).bind(*given, **self.parameters)
        except TypeError as error:
            takes = ", ".join([*given, *self.parameters])
            raise Fault(f"{who}: expected a function of ({takes}); {error}") from None
