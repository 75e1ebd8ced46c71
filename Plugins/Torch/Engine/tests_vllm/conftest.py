"""Engines whose sampler is a real vLLM, on small random models."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

_TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.append(str(_TESTS))
# The engine's own tests have a file of this name.
_spec = spec_from_file_location("engine_conftest", _TESTS / "conftest.py")
assert _spec is not None and _spec.loader is not None
_module: Any = module_from_spec(_spec)
_spec.loader.exec_module(_module)
ROOT: Path = _module.ROOT
FIXTURES: Path = _module.FIXTURES
arrays_of = _module.arrays_of
reference = _module.reference
