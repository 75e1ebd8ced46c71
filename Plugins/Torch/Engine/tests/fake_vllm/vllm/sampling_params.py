"""Parameters of a completion."""

from __future__ import annotations

import enum
from types import SimpleNamespace


class RequestOutputKind(enum.Enum):
    """What an output has."""

    DELTA = 1


class SamplingParams(SimpleNamespace):
    """Whatever is given."""
