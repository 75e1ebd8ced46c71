"""What goes wrong by the author's will, and what goes wrong by the author's hand."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any


class Refusal(Exception):
    """A parameter that can't be used, or data that can't: one plain sentence.

    `parameter` is the parameter's name, where it is one that is refused; `hint` is the remedy.
    """

    def __init__(self, message: str, parameter: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message, self.parameter, self.hint = message, parameter, hint


class Fault(Exception):
    """A plugin that breaks its contract. `code` is the error's code on the wire."""

    def __init__(self, message: str, hint: str | None = None, code: str = "plugin-fault") -> None:
        super().__init__(message)
        self.message, self.hint, self.code = message, hint, code


def near(name: str, known: list[str]) -> str:
    """A sentence for an unknown name: the near ones, or else all."""
    if found := get_close_matches(name, known):
        return "did you mean " + " or ".join(f"'{other}'" for other in found) + "?"
    return "known: " + ", ".join(sorted(known)) if known else "there are none to choose from"


def shown(value: Any) -> str:
    """A value and its type, in a few words."""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:60] + '…'} ({type(value).__name__})"
