"""The built program with the policy torch and vLLM as its sampler, as a user runs it."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python"))

from program import START, Fulcrum, lines


@pytest.fixture
def fulcrum(tmp_path: Path) -> Fulcrum:
    return Fulcrum(tmp_path)


def configuration(*, steps: int, advantage: str = "[grpo]", **policy: Any) -> str:
    """A small run that learns fast: other weights after each step."""
    fields = {
        "use": "torch",
        "checkpoint": str(START),
        "python": sys.executable,
        "sampler": "vllm",
        "vllm-options": ["kv_cache_memory_bytes=134217728"],
        **policy,
    }
    return "\n".join(
        [
            f"steps: {steps}",
            "seed: 5",
            "threads: 1",
            "task: {use: knights-and-knaves, people: [2]}",
            f"policy: {json.dumps(fields)}",
            "reward: knights-and-knaves",
            f"advantage: {advantage}",
            "schedule: single",
            "objective: grpo",
            "rollout: {prompts: 4, samples: 4, max-new-tokens: 48}",
            "update: {learning-rate: 1.0e-3}",
            "evaluation: {items: 2, temperature: 1}",
            "checkpoint: {every: 1, keep: 20}",
            "",
        ]
    )


def descendants(process: int) -> dict[int, list[bytes]]:
    """The living processes that one started, and those that these did, with their command lines."""
    parents, found = {}, {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in "ZX":
            parents[int(folder.name)] = int(parent)
            found[int(folder.name)] = words
    below = {process}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return {one: found[one] for one in below if one in found}


def living(numbers: list[int]) -> list[int]:
    return [one for one in numbers if one in descendants(one)]


def same_steps(run: Path, whole: Path, last: int) -> None:
    """Compares metrics but for the clock's, and every file of the last checkpoint."""
    for mine, other in zip(
        lines(run / "metrics.jsonl"), lines(whole / "metrics.jsonl"), strict=True
    ):
        timed = {key for key in other if "time" in key or key == "tokens_per_second"}
        assert {k: v for k, v in mine.items() if k not in timed} == {
            k: v for k, v in other.items() if k not in timed
        }
    for path in sorted((whole / f"checkpoints/step-{last}").rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (run / path.relative_to(whole)).read_bytes(), path.name


def disturb(fulcrum: Fulcrum, path: Path, name: str, number: int) -> str:
    """Runs to the second step, sends vLLM's process a signal, and returns what was printed."""
    process = fulcrum.start("train", path, "--set", f"output={name}")
    metrics = fulcrum.folder / name / "metrics.jsonl"
    end = time.monotonic() + 300
    while not (metrics.exists() and len(lines(metrics)) >= 2):
        assert time.monotonic() < end and process.poll() is None, process.communicate()[0]
        time.sleep(0.05)
    all_of_it = descendants(process.pid)
    found = [one for one, words in all_of_it.items() if b"fulcrum_vllm" in words]
    assert len(found) == 1
    os.kill(found[0], number)
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 1, text
    end = time.monotonic() + 30
    while living(list(all_of_it)) and time.monotonic() < end:
        time.sleep(0.1)
    assert living(list(all_of_it)) == []
    return text


def test_vllm_has_the_weights_of_each_step_and_the_gap_is_shown(fulcrum: Fulcrum) -> None:
    corrected = "[grpo, rollout-correction]"
    path = fulcrum.write("run.yaml", configuration(steps=4, advantage=corrected))
    text = fulcrum.run("train", path, "--set", "output=run")
    assert "no advantage corrects" not in text
    found = lines(fulcrum.folder / "run/metrics.jsonl")
    assert [one["step"] for one in found] == [1, 2, 3, 4]
    assert sum(one["grad_norm"] > 0 for one in found) >= 2
    for one in found:
        # f32 by two programs: 6.4e-5 was the most with thirty layers, and these are five.
        assert one["sampling/logp_difference/max"] < 1e-4
        assert 0 < one["sampling/logp_difference/mean"] < 2e-5
    bare = fulcrum.run("explain", fulcrum.write("bare.yaml", configuration(steps=1)), "--no-trial")
    assert (
        "vLLM samples and no advantage corrects for the difference to the policy: name one that"
        " compares rollout-log-probabilities with old-log-probabilities, after the others" in bare
    )


@pytest.mark.parametrize("ahead", [0] * ("FULCRUM_QUICK" not in os.environ) + [1])
def test_a_run_goes_on_to_the_same_bits_after_vllm_was_killed(
    fulcrum: Fulcrum, ahead: int
) -> None:
    small = configuration(steps=4).replace("48}", f"48, ahead: {ahead}}}")
    path = fulcrum.write("run.yaml", small)
    fulcrum.run("train", path, "--set", "output=whole")
    text = disturb(fulcrum, path, "cut", signal.SIGKILL)
    assert re.search(r"vLLM.* signal 9", text), text
    fulcrum.run("resume", "cut")
    same_steps(fulcrum.folder / "cut", fulcrum.folder / "whole", 4)


@pytest.mark.skipif("FULCRUM_QUICK" in os.environ, reason="waits for a limit")
def test_a_vllm_that_hangs_ends_the_run_within_the_limit(fulcrum: Fulcrum) -> None:
    path = fulcrum.write("run.yaml", configuration(steps=4, **{"time-limit": 30}))
    began = time.monotonic()
    text = disturb(fulcrum, path, "hung", signal.SIGSTOP)
    assert re.search(r"vLLM has said nothing for 30 s \(time-limit\) while it ", text), text
    assert time.monotonic() - began < 180
    fulcrum.run("resume", "hung")
    assert [one["step"] for one in lines(fulcrum.folder / "hung/metrics.jsonl")] == [1, 2, 3, 4]
