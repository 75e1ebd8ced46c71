"""The decorators that make a function a component, and the list of what they were given."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from .errors import Fault
from .parameters import Parameter, configuration_name

Function = TypeVar("Function", bound=Callable[..., Any])
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
    needs: Needs = ()
    check: Callable[..., Any] | None = None
    # What belongs to one kind: passes, nesting, tokenwise, entropy, correct_from.
    traits: dict[str, Any] = field(default_factory=dict)
    # Whether a reward has TRL's form.
    is_trl: bool = False

    def __post_init__(self) -> None:
        who = f"{self.kind} {self.name!r}"
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


# Of all files that were loaded in this process, in order.
registered: list[Component] = []


def _component(
    kind: str,
    name: str,
    source: str,
    summary: str | None,
    needs: Needs,
    check: Callable[..., Any] | None,
    traits: dict[str, Any],
    parameters: dict[str, Any],
) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        text = summary or (inspect.getdoc(function) or "").partition("\n")[0]
        registered.append(
            Component(kind, name, source, text, parameters, function, needs, check, traits)
        )
        return function

    return register


def advantage_transform(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    needs: Needs = (),
    check: Callable[..., Any] | None = None,
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(advantages, batch, **parameters)` gives new advantages, f32 [tokens].

    `needs` names columns, or is a function of the parameters that does. `check` is one that raises
    `Refusal`. The summary is the docstring's first line if it isn't given.
    """
    return _component("advantage-transform", name, source, summary, needs, check, {}, parameters)


def update_scheduler(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    needs: Needs = (),
    check: Callable[..., Any] | None = None,
    passes: int | Callable[..., int] = 1,
    nesting: str = "phase-by-phase",
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(advantages, batch, **parameters)` gives phases: name → bool mask, or None: all.

    Every token is in `passes` of the phases (a number, or a function of the parameters). `nesting`
    is phase-by-phase or minibatch-by-minibatch.
    """
    traits = {"passes": passes, "nesting": nesting}
    if nesting not in ("phase-by-phase", "minibatch-by-minibatch"):
        raise Fault(f"nesting is phase-by-phase or minibatch-by-minibatch, not {nesting!r}")
    return _component("update-scheduler", name, source, summary, needs, check, traits, parameters)


def policy_objective(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    needs: Needs = (),
    check: Callable[..., Any] | None = None,
    tokenwise: bool = False,
    entropy: bool = False,
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(batch, **parameters)` gives (weights, losses), f32 [tokens] each, shares included.

    With `entropy`, (weights, losses, entropy_weights, entropy_losses). `tokenwise`: each token's
    numbers depend on that token alone.
    """
    traits = {"tokenwise": bool(tokenwise), "entropy": bool(entropy)}
    return _component("policy-objective", name, source, summary, needs, check, traits, parameters)


def reward(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    check: Callable[..., Any] | None = None,
    correct_from: float = 1.0,
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(samples, **parameters)` gives an entry for each: number, Score, missing(…) or None.

    A bare number is a correct answer from `correct_from` up, else a wrong one.
    """
    traits = {"correct_from": float(correct_from)}
    return _component("reward", name, source, summary, (), check, traits, parameters)


def task(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    check: Callable[..., Any] | None = None,
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(seed, **parameters)` gives a Task."""
    return _component("task", name, source, summary, (), check, {}, parameters)
