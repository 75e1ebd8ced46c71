"""Fulcrum for Python: what a plugin's author writes with, and the wire to the host.

Standard library only: NumPy is imported where arrays are, by whoever calls for them.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036
    # Older Pythons must be able to read this file, and read no other before this line.
    sys.stderr.write("fulcrum needs Python 3.10 or newer; this is " + sys.version.split()[0] + "\n")
    sys.exit(2)

from . import testing
from .decorators import (
    advantage_transform,
    policy_objective,
    reward,
    task,
    update_scheduler,
)
from .draws import random
from .elementary import exp
from .errors import Refusal
from .interface import INTERFACE
from .parameters import choice, flag, integer, integers, number, numbers, text, texts
from .rewards import Sample, Score, missing
from .tasks import Item, Task

__all__ = [
    "INTERFACE",
    "Item",
    "Refusal",
    "Sample",
    "Score",
    "Task",
    "advantage_transform",
    "choice",
    "exp",
    "flag",
    "integer",
    "integers",
    "missing",
    "number",
    "numbers",
    "policy_objective",
    "random",
    "reward",
    "task",
    "testing",
    "text",
    "texts",
    "update_scheduler",
]
