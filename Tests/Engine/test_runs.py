"""Whole runs: the two policies beside each other, kills and resumes, ranks, replays."""

from __future__ import annotations

import os
import re
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import START, Fulcrum, configuration, engine_processes, lines, torch_policy
from safetensors.torch import load_file

EMBEDDED = f"{{use: transformer, checkpoint: {START}}}"
# AdamW divides by the root of the second moment: where a gradient is next to nothing, rounding
# decides its sign. A step moves a weight by the learning rate, 1e-4, at most.
UPDATE_TOLERANCE = 1e-4
# The start is stored in bf16; comparisons need what is rounded off.
EXACT = {"save-precision": "f32"}


def train(fulcrum: Fulcrum, name: str, policy: str, steps: int, *extra: str) -> Path:
    path = fulcrum.write(f"{name}.yaml", configuration(policy, steps=steps, extra=extra))
    fulcrum.run("train", path, "--set", f"output={name}")
    return fulcrum.folder / name


def arrays(file: Path) -> dict[str, np.ndarray]:
    return {name: tensor.float().numpy() for name, tensor in load_file(file).items()}


def weights(run: Path, step: int) -> dict[str, np.ndarray]:
    return arrays(run / f"checkpoints/step-{step}/model.safetensors")


def texts(run: Path, step: int) -> list[str]:
    return [one["completion"] for one in lines(run / f"samples/step-{step}.jsonl")]


def same_files(first: Path, second: Path, step: int) -> None:
    """Compares two checkpoints byte by byte, but for the run's own paths."""
    for path in sorted((first / f"checkpoints/step-{step}").rglob("*")):
        other = second / path.relative_to(first)
        if path.is_file():
            assert path.read_bytes() == other.read_bytes(), path.name


def test_five_steps_by_both_policies(fulcrum: Fulcrum) -> None:
    ours = train(fulcrum, "torch", torch_policy(START, **EXACT), 5)
    theirs = train(fulcrum, "embedded", EMBEDDED, 5)
    alike = [step for step in range(1, 6) if texts(ours, step) == texts(theirs, step)]
    # The first step's logits are equal to rounding; a draw on a boundary is one in some million.
    assert 1 in alike, "the first step's samples differ"
    last = 0
    while last + 1 in alike:
        last += 1
    before = arrays(START / "model.safetensors")
    a, b = weights(ours, last), weights(theirs, last)
    for key in before:
        moved = np.linalg.norm(b[key] - before[key])
        assert moved > 0
        assert np.abs(a[key] - b[key]).max() <= UPDATE_TOLERANCE, key
    for mine, other in zip(
        lines(ours / "metrics.jsonl")[:last], lines(theirs / "metrics.jsonl")[:last], strict=True
    ):
        for key in ("reward", "grad_norm", "entropy", "kl", "completions/mean_length"):
            # Gradients of equal samples agree to some 1e-6; weights after a step to 1e-4.
            assert mine[key] == pytest.approx(other[key], rel=2e-3, abs=1e-5), key


def test_many_passes_are_one_pass(fulcrum: Fulcrum) -> None:
    """All tokens take part, and an objective reads whole sequences, in passes of some."""
    ratio = "objective=[{use: grpo, importance-ratio: sequence}, {use: kl-penalty}]"
    changes = ["--set", "schedule=single", "--set", ratio]
    found = []
    for tokens in (200, 8192):
        policy = torch_policy(START, **EXACT, **{"microbatch-tokens": tokens})
        path = fulcrum.write("run.yaml", configuration(policy, steps=1))
        fulcrum.run("train", path, *changes, "--set", f"output=run-{tokens}")
        found.append(lines(fulcrum.folder / f"run-{tokens}/metrics.jsonl")[0])
    # Sums in another order: some 1e-6 of the norm.
    assert found[0]["grad_norm"] == pytest.approx(found[1]["grad_norm"], rel=1e-4)
    assert found[0]["reward"] == found[1]["reward"]


def children(number: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{number}/task").iterdir():
        found += [int(one) for one in (task / "children").read_text().split()]
    return found


def rank_of(number: int) -> int:
    variables = Path(f"/proc/{number}/environ").read_bytes().split(b"\0")
    return next((int(one[5:]) for one in variables if one.startswith(b"RANK=")), 0)


@pytest.mark.parametrize("victim", ["host", "rank 0", "rank 1"])
def test_a_killed_run_goes_on_to_the_same_bits(fulcrum: Fulcrum, victim: str) -> None:
    policy = torch_policy(START, ranks=2)
    whole = train(fulcrum, "whole", policy, 4)
    before = set(engine_processes())
    path = fulcrum.write("killed.yaml", configuration(policy, steps=4))
    process = fulcrum.start("train", path, "--set", "output=killed")
    run = fulcrum.folder / "killed"
    deadline = time.monotonic() + 120
    while not (run / "checkpoints/step-2").exists():
        assert time.monotonic() < deadline and process.poll() is None, "no second step"
        time.sleep(0.01)
    workers = [one for one in engine_processes() if one not in before]
    if victim == "host":
        # The process that works; its parent watches it.
        os.kill(children(process.pid)[0], signal.SIGKILL)
    else:
        wanted = int(victim.split()[1])
        chosen = [
            one
            for one in workers
            if b"torchrun" not in Path(f"/proc/{one}/cmdline").read_bytes()
            and rank_of(one) == wanted
        ]
        os.kill(chosen[0], signal.SIGKILL)
    text, _ = process.communicate(timeout=60)
    assert process.returncode not in (0, None)
    if victim != "host":
        assert f"rank {victim[-1]} of 2" in text or "the engine is lost" in text, text
    deadline = time.monotonic() + 10
    while any(one not in before for one in engine_processes()):
        assert time.monotonic() < deadline, "a process of the engine is left"
        time.sleep(0.05)
    fulcrum.run("resume", run)
    same_files(whole, run, 4)


def test_one_rank_count_gives_the_same_bits_twice(fulcrum: Fulcrum) -> None:
    policy = torch_policy(START, ranks=2, shard="fsdp2")
    first, second = (train(fulcrum, name, policy, 2) for name in ("first", "second"))
    same_files(first, second, 2)


def test_a_replay_across_engines(fulcrum: Fulcrum) -> None:
    extra = ["logging: {record: true}"]
    run = train(fulcrum, "embedded", EMBEDDED, 2, *extra)
    fulcrum.run(
        "replay", run, "--set", f"policy={torch_policy(START, **EXACT)}", "--output", "replayed"
    )
    replayed = fulcrum.folder / "replayed"
    a, b = weights(run, 2), weights(replayed, 2)
    assert max(np.abs(a[key] - b[key]).max() for key in a) <= UPDATE_TOLERANCE


def test_ctrl_c_ends_all_ranks(fulcrum: Fulcrum) -> None:
    before = set(engine_processes())
    path = fulcrum.write("run.yaml", configuration(torch_policy(START, ranks=2), steps=50))
    process = fulcrum.start("train", path, "--set", "output=run", start_new_session=True)
    deadline = time.monotonic() + 120
    while not (fulcrum.folder / "run/checkpoints/step-1").exists():
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.01)
    # As a terminal does: the whole group of the foreground.
    os.killpg(process.pid, signal.SIGINT)
    text, _ = process.communicate(timeout=60)
    assert process.returncode == 130, text
    assert re.search(r"stopped after step \d+", text)
    time.sleep(0.5)
    assert [one for one in engine_processes() if one not in before] == []


def test_a_damaged_checkpoint_leaves_nothing_behind(fulcrum: Fulcrum) -> None:
    copy = fulcrum.folder / "model"
    copy.mkdir()
    for file in START.iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "model.safetensors").write_bytes((START / "model.safetensors").read_bytes()[:1000])
    path = fulcrum.write("run.yaml", configuration(torch_policy(copy), steps=1))
    text = fulcrum.run("train", path, "--set", "output=run", status=1)
    assert "model.safetensors" in text or "can't read the model" in text
    assert not (fulcrum.folder / "run").exists()


def test_an_interpreter_without_torch_is_told(fulcrum: Fulcrum) -> None:
    bare = fulcrum.folder / "bare"
    os.system(f"'{sys.executable}' -m venv --without-pip '{bare}'")
    policy = torch_policy(START).replace(sys.executable, f"{bare}/bin/python")
    path = fulcrum.write("run.yaml", configuration(policy, steps=1))
    text = fulcrum.run("train", path, "--set", "output=run", status=1)
    assert "pip install" in text
    assert not (fulcrum.folder / "run").exists()
