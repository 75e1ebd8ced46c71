"""Runs with plugins in Python: equal bits, kills and resumes, faults."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from conftest import Fulcrum, configuration, lines

REWEIGHT = '''
import fulcrum as f
import numpy as np

@f.advantage_transform("reweight", source="arXiv 2505.12929, equation (4)",
                       needs=["old-log-probabilities"],
                       alpha=f.number(0.3, 0, 1, "0: no change"))
def reweight(advantages, batch, alpha):
    """damps unlikely tokens: A <- [alpha * pi_old + 1 - alpha] * A"""
    alpha = np.float32(alpha)
    return advantages * (alpha * f.exp(batch.old_log_probabilities) + (1 - alpha))
'''
DRAWING = '''
import fulcrum as f

@f.advantage_transform("drawing", source="a test")
def drawing(advantages, batch):
    """multiplies each advantage by a number drawn from [0, 1)"""
    factor = batch.random("factor").random(len(advantages), dtype="float32")
    batch.metric("drawing/factor_mean", factor)
    return advantages * factor
'''
# Not of what is computed, but of when.
CLOCK = ("time/", "tokens_per_second", "step_time", "memory/")


def metrics(run: Path) -> list[dict[str, float]]:
    return [
        {name: value for name, value in line.items() if not name.startswith(CLOCK)}
        for line in lines(run / "metrics.jsonl")
    ]


def train(fulcrum: Fulcrum, name: str, text: str, *extra: str, status: int = 0) -> str:
    path = fulcrum.write(f"{name}.yaml", text)
    return fulcrum.run("train", path, "--set", f"output={name}", *extra, status=status)


def test_the_same_method_in_python_gives_the_same_metrics(fulcrum: Fulcrum) -> None:
    fulcrum.write("reweight.py", REWEIGHT)
    for name, use in (("ours", "reweight"), ("swift", "advantage-reweighting")):
        train(fulcrum, name, configuration(advantage=f"[grpo, {{use: {use}, alpha: 0.3}}]"))
    ours, theirs = (metrics(fulcrum.folder / name) for name in ("ours", "swift"))
    assert ours == theirs
    assert len(ours) == 2


def test_a_kill_is_resumed_to_the_same_bits(fulcrum: Fulcrum) -> None:
    fulcrum.write("drawing.py", DRAWING)
    text = configuration(steps=4, advantage="[grpo, drawing]")
    train(fulcrum, "whole", text)
    path = fulcrum.write("killed.yaml", text)
    # Of the host first, then of the plugin's process: that ends the run with its name.
    host = fulcrum.start("train", path, "--set", "output=killed", start_new_session=True)
    wait_for(fulcrum.folder / "killed/checkpoints/step-1")
    os.killpg(host.pid, signal.SIGKILL)
    host.wait()
    wait_until_gone("drawing.py")
    second = fulcrum.start("resume", "killed")
    wait_for(fulcrum.folder / "killed/checkpoints/step-2")
    for number in workers("drawing.py"):
        os.kill(number, signal.SIGKILL)
    said, _ = second.communicate(timeout=120)
    if second.returncode != 0:
        # The kill may come behind the last call.
        assert "drawing: the plugin's process is lost while it worked on" in said
    fulcrum.run("resume", "killed")
    assert metrics(fulcrum.folder / "killed") == metrics(fulcrum.folder / "whole")
    last = "checkpoints/step-4/model.safetensors"
    killed, whole = ((fulcrum.folder / name / last).read_bytes() for name in ("killed", "whole"))
    assert killed == whole
    wait_until_gone("drawing.py")


HEAD = 'import fulcrum as f\n\n@f.advantage_transform("bad", source="a test"{more})\n'
FAULTS = {
    "an exception": ("", "    return advantages / {}[1]", "KeyError", "bad.py:6 in bad"),
    "sys.exit": ("", "    import sys; sys.exit(3)", "it called sys.exit(3)", "bad.py:6 in bad"),
    "a death": ("", "    import os; os._exit(7)", "it ended with status 7", "'transform'"),
    "a signal": (
        "",
        "    import os; os.kill(os.getpid(), 11)",
        "it was ended by signal 11",
        "'transform'",
    ),
    "a shape": ("", "    return advantages[1:]", "one for each token", "bad: expected"),
    "nothing": ("", "    pass", "one for each token", "bad: expected"),
    "NaN": ("", "    return advantages * float('nan')", "nan", "bad"),
    "a write": ("", "    advantages[0] = 1; return advantages", "read-only", "bad.py:6 in bad"),
    "a column": ("", "    return advantages * batch.levers", "levers", "needs"),
    "a hang": ("", "    import time; time.sleep(600)", "silent for 5.5 s", "python-time-limit"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named_and_the_step_is_not_applied(fulcrum: Fulcrum, name: str) -> None:
    more, body, *expected = FAULTS[name]
    bad = f'def bad(advantages, batch):\n    """does wrong"""\n{body}\n'
    fulcrum.write("bad.py", HEAD.format(more=more) + bad)
    text = configuration(
        steps=1,
        advantage="[grpo, bad]",
        evaluation="{items: 0}",
        python_time_limit="0.5",
        python_start_limit="5",
    )
    said = train(fulcrum, "run", text, status=1)
    for part in expected:
        assert part in said, said
    assert "step 1" in said
    assert lines(fulcrum.folder / "run/metrics.jsonl") == []
    wait_until_gone("bad.py")


HOLDING = """
import re
import fulcrum as f

@f.advantage_transform("holding", source="a test", summary="never comes back, nor lets threads run")
def holding(advantages, batch):
    re.match("(a+)+$", "a" * 60 + "b")
"""


def test_what_holds_the_interpreter_ends_with_the_host(fulcrum: Fulcrum) -> None:
    fulcrum.write("holding.py", HOLDING)
    text = configuration(advantage="[grpo, holding]", evaluation="{items: 0}")
    path = fulcrum.write("c.yaml", text)
    host = fulcrum.start("train", path, "--set", "output=run", start_new_session=True)
    wait_for(fulcrum.folder / "run/run.stage")
    # Until the call has begun.
    end = time.monotonic() + 60
    while b"advantage" not in (fulcrum.folder / "run/run.stage").read_bytes():
        assert time.monotonic() < end and host.poll() is None
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(host.pid, signal.SIGKILL)
    host.communicate()
    wait_until_gone("holding.py")


def wait_for(path: Path, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < end, f"{path} did not come"
        time.sleep(0.02)


def workers(name: str) -> list[int]:
    """The numbers of processes that run a plugin's file."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"fulcrum.worker" in words and any(word.endswith(name.encode()) for word in words):
                found.append(int(folder.name))
    return found


def wait_until_gone(name: str) -> None:
    end = time.monotonic() + 10
    while workers(name):
        assert time.monotonic() < end, f"processes of {name} are left"
        time.sleep(0.02)
