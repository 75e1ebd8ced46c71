"""Several ranks, one to a device, beside one rank: the same scores and gradient.

Run by itself it is one of the ranks: `check_ranks.py FOLDER DEVICE SHARD OUTPUT LENGTH`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from check_exactness import GRADIENT, LOG_PROBABILITY, apart, batch_of, factors
from check_report import Findings
from engine_step import Columns, Engine, Place, Ranks, Settings, Weights
from safetensors.torch import load_file, save_file


def check_ranks(
    findings: Findings, folder: Path, device: str, length: int, seconds: float, scratch: Path
) -> None:
    """Replicas and FSDP2 on all devices; on the processor, two ranks."""
    world = torch.cuda.device_count() if device == "cuda" else 2
    if world < 2:
        findings.skip("two ranks or more", "there is one device: FSDP2 is tried with one rank")
    one = _launch(1, folder, device, "none", length, seconds, scratch / "one")
    for shard in ("none", "fsdp2"):
        if world < 2 and shard == "none":
            continue
        began = time.perf_counter()
        several = _launch(world, folder, device, shard, length, seconds, scratch / shard)
        name = f"{world} ranks, {'FSDP2' if shard == 'fsdp2' else 'replicas'}"
        findings.figure(f"{name}: start to end, s", time.perf_counter() - began)
        scores = several.pop("scores")
        difference = float((scores - one["scores"]).abs().max())
        findings.at_most(f"{name}: log π beside one rank's", difference, LOG_PROBABILITY)
        gradient = {key: value for key, value in one.items() if key != "scores"}
        findings.at_most(f"{name}: gradient, relative", apart(several, gradient), GRADIENT)


def _launch(
    world: int, folder: Path, device: str, shard: str, length: int, seconds: float, scratch: Path
) -> dict[str, torch.Tensor]:
    """Runs ranks of this file, and returns what rank 0 wrote.

    Raises:
        RuntimeError: a rank failed, or took too long; with the end of its output.
    """
    scratch.mkdir()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    output = scratch / "found.safetensors"
    command = [sys.executable, __file__, str(folder), device, shard, str(output), str(length)]
    processes = []
    for rank in range(world):
        environment = {
            **os.environ,
            "RANK": str(rank),
            "WORLD_SIZE": str(world),
            "LOCAL_RANK": str(rank),
            "LOCAL_WORLD_SIZE": str(world),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": port,
        }
        if device == "cpu":
            environment["OMP_NUM_THREADS"] = "1"
        with (scratch / f"{rank}.txt").open("w") as log:
            processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
    end = time.monotonic() + seconds
    try:
        codes = [process.wait(max(0.1, end - time.monotonic())) for process in processes]
    except subprocess.TimeoutExpired:
        codes = [-1]
    finally:
        for process in processes:
            process.kill()
    if any(codes):
        tail = " | ".join((scratch / f"{rank}.txt").read_text()[-400:] for rank in range(world))
        raise RuntimeError(f"{world} ranks with shard={shard} ended with {codes}: {tail}")
    return load_file(output)


def _rank(folder: str, device: str, shard: str, output: Path, length: int) -> None:
    torch.set_float32_matmul_precision("highest")
    settings = Settings.read(
        {"checkpoint": folder, "device": device, "shard": shard, "share-prompts": False}
    )
    ranks = Ranks(Place.of_environment(), device, timeout_seconds=120)
    engine = Engine(settings, ranks)
    engine.load()
    batch = batch_of(engine, 4, 3, length)
    columns = engine.score(0, batch, 1.0, [])
    w, v = factors(batch)

    def weigh(_: int, piece: Columns) -> Weights:
        return Weights(w[piece.places], v[piece.places])

    engine.accumulate(batch, None, 1.0, [], weigh if ranks.rank == 0 else None)
    engine.save_gradient(str(output))
    if columns is not None:
        found = load_file(output)
        found["scores"] = torch.from_numpy(np.ascontiguousarray(columns.log_probabilities))
        save_file(found, output)
    ranks.leave()


if __name__ == "__main__":
    _rank(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]), int(sys.argv[5]))
