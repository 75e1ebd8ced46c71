"""Rewards: the samples that a function is given, and the scores that it gives."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .component import Component
from .errors import Fault, shown

WITHOUT_SCORE = ("refused", "error", "time-out")


@dataclass(frozen=True)
class Sample:
    """One completion to be judged. Counts that are not known are None; `fields` are the item's."""

    prompt: str
    completion: str
    answer: str
    finished: bool = True
    token_count: int | None = None
    token_limit: int | None = None
    id: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Score:
    """A reward with its reasons. Without an outcome it is correct or wrong, as a bare number is.

    `parts` explain the reward in logs; they need not add up.
    """

    reward: float
    outcome: str | None = None
    parts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Missing:
    """No score, and why: a few words, the same for like causes, for they are counted."""

    reason: str
    outcome: str


def missing(reason: str, outcome: str = "error") -> Missing:
    """No score for a sample; the outcome is refused, error or time-out.

    - Raises ValueError for another outcome.
    """
    if outcome not in WITHOUT_SCORE:
        raise ValueError(f"an outcome without a score is one of {WITHOUT_SCORE}, not {outcome!r}")
    return Missing(str(reason), outcome)


def score(
    component: Component, values: Mapping[str, Any], samples: list[Sample]
) -> list[Score | Missing]:
    """The reward's verdicts, one for each sample; scores have outcomes and are finite.

    - Raises Fault for a result that is no such list; what the function raises.
    """
    who, count = component.name, len(samples)
    if component.is_trl:
        result = component.function(**_columns(component, samples))
    else:
        result = component.function(samples, **values)
    if isinstance(result, (str, bytes, Mapping)) or not hasattr(result, "__iter__"):
        raise Fault(f"{who}: expected a list of {count} entries, got {shown(result)}")
    entries = list(result)
    if len(entries) != count:
        raise Fault(f"{who}: expected {count} entries, one for each sample, got {len(entries)}")
    start = component.correct_from
    return [_verdict(entry, f"{who}: sample {i}", start) for i, entry in enumerate(entries)]


def _verdict(entry: Any, where: str, correct_from: float) -> Score | Missing:
    if entry is None:
        return Missing("the function gave None", "refused")
    if isinstance(entry, Missing):
        return entry
    given = entry if isinstance(entry, Score) else Score(entry)
    reward = _number(given.reward, where)
    parts = {str(name): _number(value, where) for name, value in dict(given.parts).items()}
    for name, value in [("the reward", reward), *((f"part {n!r}", v) for n, v in parts.items())]:
        if not math.isfinite(value):
            return Missing(f"{name} is {'NaN' if math.isnan(value) else 'infinite'}", "error")
    outcome = str(given.outcome or ("correct" if reward >= correct_from else "wrong"))
    if outcome in WITHOUT_SCORE:
        raise Fault(
            f"{where}: expected an outcome of a completion that has a score, got '{outcome}'",
            "give f.missing(reason, outcome) where there is none",
        )
    return Score(reward, outcome, parts)


def _number(value: Any, where: str) -> float:
    # NumPy's and torch's scalars have __float__, texts have not.
    if hasattr(value, "__float__"):
        try:
            return float(value)
        except (TypeError, ValueError):
            pass
    raise Fault(f"{where}: expected a number, f.Score(…), f.missing(…) or None, got {shown(value)}")


def _columns(component: Component, samples: list[Sample]) -> dict[str, Any]:
    """The arguments of a function in TRL's form: a list for each keyword that it takes."""
    columns: dict[str, list[Any]] = {name: [] for sample in samples for name in sample.fields}
    for name, column in columns.items():
        column.extend(sample.fields.get(name) for sample in samples)
    columns["prompts"] = [sample.messages or sample.prompt for sample in samples]
    columns["completions"] = [
        [{"role": "assistant", "content": s.completion}] if s.messages else s.completion
        for s in samples
    ]
    columns["answer"] = [sample.answer for sample in samples]
    takes = keywords(component.function)
    if takes is None:
        return columns
    absent = [name for name, is_needed in takes.items() if is_needed and name not in columns]
    if absent:
        known = ", ".join(sorted(columns))
        raise Fault(
            f"{component.name}: the function takes '{absent[0]}', which no sample has",
            f"the samples have: {known}",
            "data",
        )
    return {name: column for name, column in columns.items() if name in takes}


def keywords(function: Callable[..., Any]) -> dict[str, bool] | None:
    """The function's keywords, and whether each must be given; None: it takes any (**kwargs)."""
    parameters = inspect.signature(function).parameters.values()
    if any(p.kind == p.VAR_KEYWORD for p in parameters):
        return None
    return {p.name: p.default is p.empty for p in parameters if p.kind != p.VAR_POSITIONAL}
