"""Runs of the built program with the policy torch on two hosts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Python"))

import hosts
from program import PROGRAM, START

STEPS = 3
# The longest silence, in seconds: more than a pass of a tiny model on a busy machine.
LIMIT = 10


def torchrun() -> list[str]:
    """Two ranks on one host."""
    program = str(Path(sys.executable).with_name("torchrun"))
    return [program, "--standalone", "--nproc-per-node", "2"]


def configuration(folder: Path, name: str, parameters: dict[str, Any]) -> Path:
    """A small run with the policy torch, into the folder of its name."""
    policy = {
        "use": "torch", "checkpoint": str(START), "python": sys.executable,
        "time-limit": LIMIT, "device": "cpu", **parameters,
    }  # fmt: skip
    lines = [
        f"steps: {STEPS}", f"output: {name}", "seed: 5", "threads: 1",
        "task: {use: knights-and-knaves, people: [2]}",
        f"policy: {json.dumps(policy)}",
        "reward: knights-and-knaves",
        "advantage: grpo",
        "objective: [grpo, {use: kl-penalty, beta: 0.01}]",
        "rollout: {prompts: 4, samples: 4, max-new-tokens: 48}",
        "update: {minibatch-prompts: 2, learning-rate: 1.0e-4}",
        "checkpoint: {every: 1, keep: 20}",
    ]  # fmt: skip
    path = folder / f"{name}.yaml"
    path.write_text("\n".join([*lines, ""]))
    return path


# A process that gets SIGUSR1 hangs in the thread that works, and its other threads go on.
HANGING = "import signal, time\nsignal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))\n"


class Cluster:
    """Two hosts with a shared folder, and runs that the first one starts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pair = hosts.Pair(folder)
        self.node_a, self.node_b = (self.pair[name] for name in hosts.NAMES)
        (folder / "hanging").mkdir()
        (folder / "hanging/sitecustomize.py").write_text(HANGING)

    def configuration(self, name: str, *, is_spread: bool = True) -> Path:
        """A small run of two ranks: on two hosts, or on one."""
        if not is_spread:
            return configuration(self.folder, name, {"launch": torchrun()})
        launch = [
            sys.executable, "-m", "fulcrum_engine.launch", "--hosts", ",".join(hosts.NAMES),
            "--per-host", "1", "--remote", self.pair.remote,
        ]  # fmt: skip
        return configuration(self.folder, name, {"listen": "auto", "launch": launch})

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """Starts the program on the first host."""
        hanging = str(self.folder / "hanging")
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": hanging}
        return subprocess.Popen(
            self.node_a.command(PROGRAM, *words), env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *words: str | Path) -> str:
        process = self.start(*words)
        try:
            text, _ = process.communicate(timeout=180)
        finally:
            process.kill()
        assert process.returncode == 0, text
        return text

    def train(self, name: str, **options: bool) -> Path:
        self.run("train", self.configuration(name, **options))
        return self.folder / name

    def started(self, name: str) -> subprocess.Popen[str]:
        """A run that has a step behind it, and is within the second."""
        process = self.start("train", self.configuration(name))
        deadline = time.monotonic() + 120
        while not (self.folder / name / "checkpoints/step-1").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                raise AssertionError(f"no first step:\n{process.communicate()[0]}")
            time.sleep(0.01)
        return process

    def left(self, host: hosts.Host, seconds: float = 6) -> list[str]:
        """The processes that are still there after some seconds; none as soon as there are none."""
        deadline = time.monotonic() + seconds
        while (found := host.processes()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return [str(Path(f"/proc/{one}/cmdline").read_bytes()) for one in found]

    def close(self) -> None:
        self.pair.close()


def same_bits(first: Path, second: Path, step: int) -> None:
    """Compares two checkpoints byte by byte."""
    names = sorted(
        path.relative_to(first)
        for path in (first / f"checkpoints/step-{step}").rglob("*")
        if path.is_file()
    )
    assert len(names) > 3
    for name in names:
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    if lack := hosts.lack():
        pytest.skip(lack)
    made = Cluster(tmp_path_factory.mktemp("hosts"))
    yield made
    made.close()


@pytest.fixture(scope="session")
def whole(cluster: Cluster) -> Path:
    """A run on two hosts that nothing disturbed."""
    return cluster.train("whole")


__all__ = ["LIMIT", "STEPS", "Cluster", "configuration", "same_bits", "torchrun"]
