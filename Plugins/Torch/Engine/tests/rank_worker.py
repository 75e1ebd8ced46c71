"""One rank of a test: runs the jobs of a file in order, and rank 0 writes what they gave.

A job is {"settings": {…}, "batch": seed, "repeat": n, "do": name}; see `run`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from conftest import arrays_of
from safetensors.torch import save_file
from support import given_weights, random_batch

from fulcrum_engine.engine import Engine
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.settings import Settings
from fulcrum_engine.training import Columns, Weights
from fulcrum_engine.weights import trained_state


def accumulate(engine: Engine, seed: int) -> None:
    """Adds the gradient of a batch with random weights, some of whose tokens take no part."""
    batch = engine.batch(random_batch(512, seed))
    random = np.random.default_rng(seed)
    w, v = random.normal(size=(2, batch.token_count))
    mask = random.random(batch.token_count) < 0.7
    weigh = given_weights(w, v) if engine.ranks.rank == 0 else None
    engine.accumulate(batch, mask, 0.9, ["margin"], weigh)


def state_of(engine: Engine, parts: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    return trained_state(engine.masters, parts, engine.ranks.rank == 0)


def run(job: dict[str, Any], ranks: Ranks, folder: Path) -> dict[str, torch.Tensor]:
    """Runs one job; gives tensors at rank 0."""
    engine = Engine(Settings.read(job["settings"], seed=1), ranks)
    engine.load()
    seed = job.get("batch", 1)
    result: dict[str, torch.Tensor] = {}
    if job["do"] == "gradient":
        accumulate(engine, seed)
        engine._sum_up()
        result = state_of(engine, [item.need_gradient() for item in engine.masters])
    elif job["do"] == "stopped":
        # The host's objective throws at the second piece, between forward and backward pass.
        batch = engine.batch(random_batch(512, seed))
        ones = given_weights(np.ones(batch.token_count))
        asked: list[int] = []

        def once(number: int, piece: Columns) -> Weights | None:
            asked.append(number)
            return None if number == 1 else ones(number, piece)

        engine.accumulate(batch, None, 1.0, [], once if ranks.rank == 0 else None)
        assert asked in ([0, 1], [])
        engine.discard()
        engine.accumulate(batch, None, 1.0, [], ones if ranks.rank == 0 else None)
        engine._sum_up()
        result = state_of(engine, [item.need_gradient() for item in engine.masters])
    elif job["do"] == "lonely":
        batch = engine.batch(arrays_of([[5, 6]], [[[7, 8, 9]]]))
        weigh = given_weights(np.ones(3)) if ranks.rank == 0 else None
        engine.accumulate(batch, None, 1.0, [], weigh)
        engine._sum_up()
        result = state_of(engine, [item.need_gradient() for item in engine.masters])
    elif job["do"] == "steps":
        for step in range(job["from"], job["to"]):
            if step == job["from"] and "load" in job:
                engine.load_optimizer(0, str(folder / job["load"]))
            accumulate(engine, seed + step)
            report = engine.apply(1e-3)
            result["norm"] = torch.tensor(report.norm, dtype=torch.float64)
        result.update(state_of(engine, engine.masters.copy()))
        if "save" in job:
            place = folder / job["save"]
            if ranks.rank == 0:
                (place / "model").mkdir(parents=True)
                (place / "optimizer").mkdir()
            ranks.wait()
            engine.save(0, str(place / "model"))
            engine.save_optimizer(0, str(place / "optimizer"))
    elif job["do"] == "score":
        columns = engine.score(0, engine.batch(random_batch(512, seed)), 0.9, ["rank"])
        if columns is not None:
            for name in ("log_probabilities", "entropies", "levers"):
                result[name] = torch.from_numpy(getattr(columns, name))
    elif job["do"] == "file":
        accumulate(engine, seed)
        engine.save_gradient(str(folder / job["file"]))
        accumulate(engine, seed + 1)
        report = engine.apply(1e-3)
        result["norm"] = torch.tensor(report.norm, dtype=torch.float64)
    elif job["do"] == "slots":
        copy = engine.freeze(0)
        accumulate(engine, seed)
        engine.apply(1e-2)
        moved = state_of(engine, engine.masters.copy())
        batch = engine.batch(random_batch(512, seed))
        for name, slot in (("moved", 0), ("frozen", copy), ("again", 0)):
            columns = engine.score(slot, batch, 1.0, [])
            if columns is not None:
                result[name] = torch.from_numpy(columns.log_probabilities)
        engine.blend(0, copy, 1.0)
        result.update(state_of(engine, engine.masters.copy()))
        result.update({f"moved.{name}": value for name, value in moved.items()})
    else:
        raise ValueError(job["do"])
    return result


def main() -> None:
    folder = Path(sys.argv[1])
    ranks = Ranks(Place.of_environment(), "cpu", timeout_seconds=120)
    for number, job in enumerate(json.loads((folder / "jobs.json").read_text())):
        result = run(job, ranks, folder)
        if ranks.rank == 0:
            save_file(
                {name: value.contiguous() for name, value in result.items()},
                folder / f"{job.get('name', number)}.safetensors",
            )
    ranks.leave()


if __name__ == "__main__":
    main()
