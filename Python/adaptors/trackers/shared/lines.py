"""What the trackers share: they read lines of JSON from standard input until it ends.

The run's id, and each metric's last step, are in `<directory>/tracker-<name>.json`: a resumed run
goes on as the same run, and steps that it repeats are not logged twice. What a library prints goes
to `<directory>/tracker-<name>.log`.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from shared.runs import Problem, Run, Tracker

KINDS = ("run", "metrics", "evaluation", "samples", "end")


def messages(lines: TextIO) -> Any:
    for number, line in enumerate(lines, start=1):
        try:
            message = json.loads(line)
            kind = message["type"]
        except (ValueError, KeyError, TypeError):
            raise Problem(f"line {number}: expected a JSON object with a type") from None
        if kind in KINDS:
            yield kind, message


def opened(name: str, message: dict[str, Any]) -> Run:
    directory = Path(message["directory"])
    log = os.open(directory / f"tracker-{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    configuration, options = message.get("configuration") or {}, message.get("options") or {}
    run = Run(name, message["name"], directory, configuration, options)
    run.load()
    return run


def numbers(kind: str, message: dict[str, Any]) -> dict[str, float]:
    """Metrics that are finite numbers; those of evaluations under `evaluation/`."""
    prefix = "evaluation/" if kind == "evaluation" else ""
    return {
        key if key.startswith(prefix) else prefix + key: float(value)
        for key, value in message["metrics"].items()
        if isinstance(value, (int, float)) and math.isfinite(value)
    }


def follow(name: str, start: Callable[[Run], Tracker], lines: TextIO) -> None:
    incoming = messages(lines)
    kind, message = next(incoming, ("nothing", {}))
    if kind != "run":
        raise Problem(f"expected a line of type run first, got '{kind}'")
    run = opened(name, message)
    tracker = start(run)
    run.save()
    status = "stopped"  # Without a last line: the run was killed.
    for kind, message in incoming:
        if kind in ("metrics", "evaluation"):
            step = message["step"]
            metrics = {k: v for k, v in numbers(kind, message).items() if run.is_new(k, step)}
            if metrics:
                tracker.log(step, metrics)
        elif kind == "samples" and run.is_new("samples", message["step"]):
            tracker.log_samples(message["step"], message["samples"])
        elif kind == "end":
            status = message["status"]
        run.save()
    tracker.finish(status)


def main(name: str, start: Callable[[Run], Tracker]) -> None:
    """Runs a tracker; ends the program with status 1 and one line on standard error if it fails."""
    errors = os.fdopen(os.dup(2), "w")
    # The end of a run is told by its last line, also of one that Ctrl-C stops.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The trackers' wandb.py must not be what `import wandb` finds.
    here = Path(__file__).resolve().parents[1]
    sys.path[:] = [path for path in sys.path if Path(path).resolve() != here]
    try:
        follow(name, start, sys.stdin)
    except BaseException as error:
        what = str(error) if isinstance(error, Problem) else f"{type(error).__name__}: {error}"
        if isinstance(error, ModuleNotFoundError):
            what = f"no package '{error.name}'; install it: {sys.executable} -m pip install {name}"
        print(f"{name}: {' '.join(what.split())}", file=errors, flush=True)
        os._exit(1)
