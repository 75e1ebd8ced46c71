"""What this rank is at. Its lifeline tells the host, which says it when the rank is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from .errors import EngineError

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class Stage:
    """Written by the thread that serves calls, read by the one that beats.

    Attributes:
        name: of the call at hand; empty between calls.
        waits: whether the rank is in an exchange with the other ranks.
    """

    def __init__(self) -> None:
        self.name = "import"
        self.waits = False


# A process is one rank.
STAGE = Stage()


def exchange(function: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Marks a function that returns once the other ranks have come to it."""

    @wraps(function)
    def marked(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> _Result:
        before, STAGE.waits = STAGE.waits, True
        try:
            result = function(*arguments, **named)
        except EngineError:
            # All ranks have come to it, and it is an answer like another.
            STAGE.waits = before
            raise
        # Not after another exception: it ends the rank, which waited for the others then.
        STAGE.waits = before
        return result

    return marked
