"""Starts ranks of `rank_worker.py`, and waits for them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch
from conftest import ROOT
from safetensors.torch import load_file

HERE = Path(__file__).resolve().parent


def launch(folder: Path, world: int, jobs: list[dict[str, Any]]) -> list[dict[str, torch.Tensor]]:
    """Runs jobs on `world` ranks on this machine, and returns what each gave."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "jobs.json").write_text(json.dumps(jobs))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    paths = [str(HERE), str(HERE.parent), str(ROOT / "Python")]
    processes = []
    for rank in range(world):
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(paths),
            "RANK": str(rank),
            "WORLD_SIZE": str(world),
            "LOCAL_RANK": str(rank),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, str(HERE / "rank_worker.py"), str(folder)]
        with (folder / f"log-{rank}.txt").open("w") as log:
            processes.append(
                subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
            )
    try:
        codes = [process.wait(timeout=300) for process in processes]
    finally:
        for process in processes:
            process.kill()
    logs = "\n".join((folder / f"log-{rank}.txt").read_text()[-3000:] for rank in range(world))
    assert codes == [0] * world, logs
    names = [str(job.get("name", number)) for number, job in enumerate(jobs)]
    return [load_file(folder / f"{name}.safetensors") for name in names]
