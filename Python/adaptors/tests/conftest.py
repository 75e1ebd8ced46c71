"""The adaptors' folder is on the path, as it is in a worker."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ADAPTORS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ADAPTORS.parent), str(ADAPTORS)]

import fulcrum.testing as testing  # noqa: E402

Load = Callable[[str], testing.Plugin]


@pytest.fixture
def load() -> Load:
    return lambda name: testing.load(ADAPTORS / name)
