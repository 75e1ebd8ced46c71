"""Python files as plugins of the built program."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from program import START, Fulcrum, lines

__all__ = ["START", "Fulcrum", "lines"]


@pytest.fixture
def fulcrum(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fulcrum:
    """A folder of its own, with this interpreter for plugins."""
    monkeypatch.setenv("FULCRUM_PYTHON", sys.executable)
    return Fulcrum(tmp_path)


def configuration(*, steps: int = 2, advantage: str, **keys: str) -> str:
    """A small run with plugins beside the configuration."""
    fields = {
        "steps": str(steps),
        "seed": "5",
        "plugin-path": "[.]",
        "task": "{use: knights-and-knaves, people: [2]}",
        "policy": f"{{use: transformer, checkpoint: {START}}}",
        "reward": "knights-and-knaves",
        "advantage": advantage,
        "schedule": "single",
        "objective": "grpo",
        "rollout": "{prompts: 4, samples: 4, max-new-tokens: 48}",
        "update": "{minibatch-prompts: 2, learning-rate: 1.0e-4}",
        "evaluation": "{items: 4}",
        "checkpoint": "{every: 1, keep: 20}",
        **{name.replace("_", "-"): value for name, value in keys.items()},
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items())
