"""The script for Slurm, with stand-ins for Slurm's own commands."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import STEPS, configuration, same_bits, torchrun
from program import PROGRAM, ROOT

SCRIPT = ROOT / "Examples/Slurm/train.sbatch"
# One node is enough: ranks in sessions of their own, which all end with the first that fails.
SRUN = """#!{python}
import os, subprocess, sys, time
assert os.environ["MASTER_ADDR"] == "localhost" and int(os.environ["MASTER_PORT"]) >= 20000
command = [word for word in sys.argv[1:] if not word.startswith("--")]
ranks = [
    subprocess.Popen(command, start_new_session=True, env=os.environ | {{
        "SLURM_PROCID": str(rank), "SLURM_NTASKS": "2", "SLURM_LOCALID": str(rank)}})
    for rank in range(2)
]
while any(rank.poll() is None for rank in ranks):
    if any(rank.poll() for rank in ranks):
        for rank in ranks:
            rank.kill()
    time.sleep(0.05)
sys.exit(max(abs(rank.returncode) for rank in ranks))
"""
SCONTROL = """#!/bin/sh
echo "$@" >>{folder}/scontrol
[ "$1" != show ] || printf 'localhost\\nother\\n'
"""
# Ends as the file says, after a checkpoint if there is one to make.
FULCRUM = """#!/bin/sh
echo "$@" >>{folder}/fulcrum
mkdir -p run/checkpoints && touch run/run.yaml
[ -z "$CHECKPOINT" ] || mkdir run/checkpoints/step-"$CHECKPOINT"
[ -z "$WAITS" ] || {{ trap 'sleep 0.5; exit 143' TERM; while :; do sleep 0.05; done; }}
exit "$STATUS"
"""


class Job:
    """A job in a folder, which may begin again."""

    def __init__(self, folder: Path, fulcrum: str) -> None:
        self.folder = folder
        programs = {"srun": SRUN, "scontrol": SCONTROL, "fulcrum": fulcrum}
        (folder / "bin").mkdir()
        for name, text in programs.items():
            path = folder / "bin" / name
            path.write_text(text.format(python=sys.executable, folder=folder))
            path.chmod(0o755)

    def start(self, restarts: int = 0, **variables: str) -> subprocess.Popen[str]:
        environment = {
            **os.environ, "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "SLURM_JOB_ID": "7001", "SLURM_JOB_NODELIST": "n[1-2]", "OMP_NUM_THREADS": "1",
            "SLURM_RESTART_COUNT": str(restarts), "CONFIG": "config.yaml", "RUN": "run",
            **variables,
        }  # fmt: skip
        return subprocess.Popen(
            ["bash", str(SCRIPT)], env=environment, cwd=self.folder, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, restarts: int = 0, **variables: str) -> tuple[int, str]:
        process = self.start(restarts, **variables)
        text, _ = process.communicate(timeout=180)
        return process.returncode, text

    def said(self, name: str) -> list[str]:
        """The arguments of each call of a program."""
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    @property
    def requeues(self) -> int:
        return self.said("scontrol").count("requeue 7001")


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path, FULCRUM)


def test_the_script_is_one() -> None:
    subprocess.run(["bash", "-n", str(SCRIPT)], check=True)


def test_a_job_that_loses_a_rank_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    job = Job(tmp_path, f'#!/bin/sh\nexec {PROGRAM} "$@"\n')
    configuration(tmp_path, "config", {})
    whole = configuration(tmp_path, "whole", {"launch": torchrun()})
    subprocess.run([PROGRAM, "train", whole], cwd=tmp_path, check=True, capture_output=True)

    first = job.start()
    deadline = time.monotonic() + 120
    while not (tmp_path / "run/checkpoints/step-1").exists():
        assert time.monotonic() < deadline and first.poll() is None, first.communicate()[0]
        time.sleep(0.01)
    os.kill(rank_1(tmp_path), signal.SIGKILL)
    text, _ = first.communicate(timeout=60)
    assert "rank 1 of 2 on" in text and "ended, last heard of" in text
    assert "restart 1 of 20" in text and job.requeues == 1

    status, text = job.run(restarts=1)
    assert status == 0, text
    assert "going on after step" in text and job.requeues == 1
    same_bits(tmp_path / "whole", tmp_path / "run", STEPS)


def test_the_first_time_it_trains_and_then_it_resumes(job: Job) -> None:
    assert job.run(STATUS="0")[0] == 0
    assert job.run(STATUS="0")[0] == 0
    first, second = job.said("fulcrum")
    assert first.startswith("train config.yaml --set output=run --set policy.listen=auto")
    assert second == "resume run"
    assert job.requeues == 0


def test_a_fault_that_comes_before_any_step_is_not_tried_again(job: Job) -> None:
    status, text = job.run(STATUS="1")
    assert status == 1 and job.requeues == 0
    assert "status 1, and no checkpoint more than before" in text


def test_restarts_have_a_limit(job: Job) -> None:
    assert job.run(STATUS="1", CHECKPOINT="1")[0] == 0
    assert job.requeues == 1
    status, text = job.run(STATUS="1", CHECKPOINT="2", restarts=3, MOST_RESTARTS="3")
    assert status == 1 and job.requeues == 1
    assert "status 1 after 3 restarts; resume by hand: fulcrum resume run" in text


def test_at_the_end_of_its_time_the_job_waits_for_the_step(job: Job) -> None:
    process = job.start(STATUS="0", WAITS="1")
    deadline = time.monotonic() + 20
    while not job.said("fulcrum"):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.3)
    process.terminate()
    text, _ = process.communicate(timeout=20)
    assert "the job's time is over" in text and job.requeues == 1


def rank_1(folder: Path) -> int:
    for path in Path("/proc").iterdir():
        if not path.name.isdigit():
            continue
        try:
            variables = (path / "environ").read_bytes().split(b"\0")
            words = (path / "cmdline").read_bytes().split(b"\0")
            is_here = os.readlink(path / "cwd") == str(folder)
        except OSError:
            continue
        if is_here and b"SLURM_PROCID=1" in variables and words[1:3] == [b"-m", b"fulcrum_engine"]:
            return int(path.name)
    raise AssertionError("no rank 1")
