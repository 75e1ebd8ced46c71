"""The decorators that make a function a component, and the list of what they were given."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from .component import Component, Needs
from .errors import Fault

Function = TypeVar("Function", bound=Callable[..., Any])
Check = Callable[..., Any] | None

# Of all files that were loaded in this process, in order.
registered: list[Component] = []


def _decorator(
    kind: str, name: str, source: str, summary: str | None, parameters: Any, **others: Any
) -> Callable[[Function], Function]:
    def register(function: Function) -> Function:
        text = summary or (inspect.getdoc(function) or "").partition("\n")[0]
        # The file that says so, which may name another module's function.
        file = sys._getframe(1).f_globals.get("__name__", "")
        registered.append(
            Component(kind, name, source, text, parameters, function, file=file, **others)
        )
        return function

    return register


def advantage_transform(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    formula: str = "",
    needs: Needs = (),
    check: Check = None,
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(advantages, batch, **parameters)` gives new advantages, f32 [tokens].

    `needs` names columns, or is a function of the parameters that does. `check` is one that raises
    `Refusal`. The summary is the docstring's first line if it isn't given. `formula` says in one
    line what becomes of a token's advantage, for the table that `fulcrum methods` makes.
    """
    given = {"formula": formula, "needs": needs, "check": check}
    return _decorator("advantage-transform", name, source, summary, parameters, **given)


def update_scheduler(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    formula: str = "",
    needs: Needs = (),
    check: Check = None,
    passes: int | Callable[..., int] = 1,
    nesting: str = "phase-by-phase",
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(advantages, batch, **parameters)` gives phases: name → bool mask, or None: all.

    Every token is in `passes` of the phases (a number, or a function of the parameters). `nesting`
    is phase-by-phase or minibatch-by-minibatch.
    """
    traits = {"passes": passes, "nesting": nesting}
    given = {"formula": formula, "needs": needs, "check": check, "traits": traits}
    if nesting not in ("phase-by-phase", "minibatch-by-minibatch"):
        raise Fault(f"nesting is phase-by-phase or minibatch-by-minibatch, not {nesting!r}")
    return _decorator("update-scheduler", name, source, summary, parameters, **given)


def policy_objective(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    formula: str = "",
    needs: Needs = (),
    check: Check = None,
    tokenwise: bool = False,
    entropy: bool = False,
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(batch, **parameters)` gives (weights, losses), f32 [tokens] each, shares included.

    With `entropy`, (weights, losses, entropy_weights, entropy_losses). `tokenwise`: each token's
    numbers depend on that token alone.
    """
    traits = {"tokenwise": bool(tokenwise), "entropy": bool(entropy)}
    given = {"formula": formula, "needs": needs, "check": check, "traits": traits}
    return _decorator("policy-objective", name, source, summary, parameters, **given)


def reward(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    check: Check = None,
    correct_from: float = 1.0,
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(samples, **parameters)` gives an entry for each: number, Score, missing(…) or None.

    A bare number is a correct answer from `correct_from` up, else a wrong one.
    """
    given = {"check": check, "correct_from": float(correct_from)}
    return _decorator("reward", name, source, summary, parameters, **given)


def task(
    name: str,
    *,
    source: str,
    summary: str | None = None,
    check: Check = None,
    **parameters: Any,
) -> Callable[[Function], Function]:
    """`function(seed, **parameters)` gives a Task."""
    return _decorator("task", name, source, summary, parameters, check=check)
