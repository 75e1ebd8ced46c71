"""A component's parameters: what an author declares, and what a configuration may give."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_LARGEST = sys.float_info.max
Number = float | None
Whole = int | None
Numbers = Sequence[float] | None
Wholes = Sequence[int] | None
Text = str | None
_EXPECTED = {
    "number": "a number",
    "integer": "a whole number",
    "flag": "true or false",
    "text": "a text",
    "numbers": "a list of numbers",
    "integers": "a list of whole numbers",
    "texts": "a list of texts",
}
_PLURALS = {"numbers": "number", "integers": "integer", "texts": "text"}


@dataclass(frozen=True)
class Parameter:
    """One line of a component's manual. A default of None: the configuration must give a value."""

    type: str
    default: Any
    low: float | None
    high: float | None
    help: str
    meaning: str | None
    choices: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        if self.default is not None:
            object.__setattr__(self, "default", self.accept(self.default))

    def accept(self, value: Any) -> Any:
        """The value in the parameter's own type.

        A whole number serves as a number and as a text, one element as a list.

        - Raises ValueError for any other.
        """
        if self.type in _PLURALS:
            values = value if isinstance(value, (list, tuple)) else [value]
            accepted = [self._accept_one(_PLURALS[self.type], element) for element in values]
        else:
            accepted = [self._accept_one(self.type, value)]
        if None in accepted:
            raise ValueError(f"expected {self.expectation()}, got {value!r}")
        return accepted if self.type in _PLURALS else accepted[0]

    def expectation(self) -> str:
        """The values that it takes, for messages: `a number in 0...1`."""
        if self.choices is not None:
            return "one of " + ", ".join(self.choices)
        text = _EXPECTED[self.type]
        if self.low is not None and self.high is not None:
            return f"{text} in {self.low}...{self.high}"
        if self.low is not None:
            return f"{text} of at least {self.low}"
        return text if self.high is None else f"{text} of at most {self.high}"

    def _accept_one(self, kind: str, value: Any) -> Any:
        if kind == "flag":
            return value if isinstance(value, bool) else None
        if kind in ("text", "choice"):
            if kind == "text" and isinstance(value, int) and not isinstance(value, bool):
                return str(value)
            fits = isinstance(value, str) and (self.choices is None or value in self.choices)
            return value if fits else None
        numeric = int if kind == "integer" else (int, float)
        if isinstance(value, bool) or not isinstance(value, numeric):
            return None
        low = -_LARGEST if self.low is None else self.low
        high = _LARGEST if self.high is None else self.high
        # A NaN is between no bounds.
        if not low <= value <= high:
            return None
        return value if kind == "integer" else float(value)


def number(
    default: Number, low: Number = None, high: Number = None, help: str = "", meaning: Text = None
) -> Parameter:
    """A real number from `low` to `high`, both included; None: no bound."""
    return Parameter("number", default, low, high, help, meaning)


def integer(
    default: Whole, low: Whole = None, high: Whole = None, help: str = "", meaning: Text = None
) -> Parameter:
    """A whole number from `low` to `high`, both included; None: no bound."""
    return Parameter("integer", default, low, high, help, meaning)


def flag(default: bool | None, help: str = "", meaning: Text = None) -> Parameter:
    """True or false."""
    return Parameter("flag", default, None, None, help, meaning)


def text(default: Text, help: str = "", meaning: Text = None) -> Parameter:
    """A text."""
    return Parameter("text", default, None, None, help, meaning)


def choice(
    default: Text, choices: Sequence[str], help: str = "", meaning: Text = None
) -> Parameter:
    """One of some texts."""
    return Parameter("choice", default, None, None, help, meaning, tuple(choices))


def numbers(
    default: Numbers, low: Number = None, high: Number = None, help: str = "", meaning: Text = None
) -> Parameter:
    """A list of real numbers, each from `low` to `high`."""
    return Parameter("numbers", default, low, high, help, meaning)


def integers(
    default: Wholes, low: Whole = None, high: Whole = None, help: str = "", meaning: Text = None
) -> Parameter:
    """A list of whole numbers, each from `low` to `high`."""
    return Parameter("integers", default, low, high, help, meaning)


def texts(default: Sequence[str] | None, help: str = "", meaning: Text = None) -> Parameter:
    """A list of texts."""
    return Parameter("texts", default, None, None, help, meaning)
