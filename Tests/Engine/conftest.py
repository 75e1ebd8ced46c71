"""The built program with the policy torch, as a user runs it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python"))

from program import FIXTURES, PROGRAM, ROOT, START, Fulcrum, lines

__all__ = ["FIXTURES", "PROGRAM", "ROOT", "START", "Fulcrum", "lines"]


@pytest.fixture
def fulcrum(tmp_path: Path) -> Fulcrum:
    return Fulcrum(tmp_path)


def torch_policy(checkpoint: Path | str, ranks: int = 1, **parameters: Any) -> str:
    """A policy of this interpreter, as YAML on one line."""
    fields = {"use": "torch", "checkpoint": str(checkpoint), "python": sys.executable, **parameters}
    if ranks > 1:
        torchrun = str(Path(sys.executable).with_name("torchrun"))
        fields["launch"] = [torchrun, "--standalone", "--nproc-per-node", str(ranks)]
    return json.dumps(fields)


def torch_options(**parameters: Any) -> list[str]:
    """The options by which a command without a configuration names the policy."""
    fields = {"python": sys.executable, **parameters}
    options = ["--use", "torch"]
    for name, value in fields.items():
        options += ["--set", f"{name}={value}"]
    return options


# In the environment of all that these tests start: other suites may run beside this one.
MARK = f"FULCRUM_TESTS_{os.getpid()}"
os.environ[MARK] = "1"


def engine_processes() -> list[int]:
    """The numbers of all processes of these tests that run the engine."""
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            variables = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        is_own = f"{MARK}=1".encode() in variables
        if is_own and b"fulcrum_engine" in words and state not in "ZX":
            found.append(int(folder.name))
    return found


def configuration(policy: str, *, steps: int, extra: Sequence[str] = ()) -> str:
    """A small run with everything in it: two transforms, two phases, a reference, evaluations."""
    return "\n".join(
        [
            f"steps: {steps}",
            "seed: 5",
            "threads: 2",
            "task: {use: knights-and-knaves, people: [2]}",
            f"policy: {policy}",
            "reward: knights-and-knaves",
            "advantage: [{use: grpo}, {use: advantage-reweighting, alpha: 0.3}]",
            "schedule: {use: lopti, eta: 0.5}",
            "objective: [{use: grpo, clip-high: 0.24}, {use: kl-penalty, beta: 0.01}]",
            "rollout: {prompts: 4, samples: 4, max-new-tokens: 48}",
            "update: {minibatch-prompts: 2, learning-rate: 1.0e-4}",
            "evaluation: {items: 4, temperature: 1}",
            "checkpoint: {every: 1, keep: 20}",
            *extra,
            "",
        ]
    )


def scored_by_both(
    fulcrum: Fulcrum, folder: Path | str, given: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What `model score` says by torch and by transformer; gradients are in USE.safetensors."""
    for use in ("torch", "transformer"):
        options = torch_options() if use == "torch" else ["--use", use]
        fulcrum.run(
            "model", "score", folder, *options, "--input", given, "--output", f"{use}.json",
            "--gradients", f"{use}.safetensors",
        )  # fmt: skip
    ours, theirs = (
        json.loads((fulcrum.folder / f"{use}.json").read_text()) for use in ("torch", "transformer")
    )
    return ours, theirs
