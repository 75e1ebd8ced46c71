"""From what a configuration gives to what a function is called with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import Refusal, near
from .parameters import Parameter


def complete(declared: Mapping[str, Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Values for a function, by Python names; `given` has them by the configuration's names.

    - Raises Refusal for an unknown name, a missing value, or one that doesn't fit.
    """
    known = {configuration_name(name): name for name in declared}
    for name in given:
        if name not in known:
            raise Refusal(f"unknown parameter '{name}'", name, near(name, list(known)))
    values: dict[str, Any] = {}
    for name, python_name in known.items():
        parameter = declared[python_name]
        value = given.get(name, parameter.default)
        if value is None:
            raise Refusal(f"expected {parameter.expectation()}, got nothing", name, parameter.help)
        try:
            values[python_name] = parameter.accept(value)
        except ValueError as error:
            raise Refusal(str(error), name, parameter.help) from None
    return values


def configuration_name(python_name: str) -> str:
    """`clip-low` of `clip_low`, and `lambda` of `lambda_`, which Python keeps for itself."""
    return python_name.rstrip("_").replace("_", "-")
