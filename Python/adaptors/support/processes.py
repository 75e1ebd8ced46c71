"""Rewards of libraries that may hang: processes judge, one sample after the other."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fulcrum as f

SERVE = Path(__file__).resolve().parent / "serve.py"


class Judge:
    """A process that judges; it ends when its input does, and is started when it is needed."""

    def __init__(self, module: str, options: str) -> None:
        self.command = [sys.executable, str(SERVE), module, options]
        self.limit = json.loads(options)["time_limit"]
        self.process: subprocess.Popen[str] | None = None

    def verdict(self, sample: dict[str, Any]) -> Any:
        if self.process is None:
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, text=True)
        process = self.process
        assert process.stdin and process.stdout
        try:
            process.stdin.write(json.dumps(sample) + "\n")
            process.stdin.flush()
            reply = process.stdout.readline()
        except BrokenPipeError:
            reply = ""
        if reply:
            reward, outcome = json.loads(reply)
            if reward is None:
                return f.missing("the item's answer can't be read", outcome)
            return f.Score(reward, outcome)
        self.process = None
        process.stdout.close()
        if (status := process.wait()) == -signal.SIGPROF:
            return f.missing(f"no verdict in {self.limit:g} s of processor time", "time-out")
        return f.missing(f"the process that judges ended with status {status}", "error")


@lru_cache(maxsize=4)
def _judges(module: str, options: str, count: int) -> list[Judge]:
    return [Judge(module, options) for _ in range(count)]


def score(
    module: str, samples: Sequence[f.Sample], processes: int, options: dict[str, Any]
) -> list[Any]:
    """A verdict for each sample by `judge` of a module beside this file."""
    judges = _judges(module, json.dumps(options), processes)
    verdicts: list[Any] = [None] * len(samples)

    def share(first: int) -> None:
        for i in range(first, len(samples), processes):
            sample = samples[i]
            verdicts[i] = judges[first].verdict(
                {"completion": sample.completion, "answer": sample.answer, "fields": sample.fields}
            )

    with ThreadPoolExecutor(processes) as pool:
        list(pool.map(share, range(processes)))
    return verdicts


def require(module: str) -> None:
    """Raises ImportError, as an import would, without the time that one takes."""
    if find_spec(module) is None:
        raise ModuleNotFoundError(f"No module named '{module}'", name=module)
