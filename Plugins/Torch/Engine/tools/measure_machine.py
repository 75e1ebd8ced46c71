"""Measures what `fulcrum plan` needs to know of a machine, and writes it as a YAML file.

    torchrun --standalone --nproc-per-node 2 measure_machine.py --output machine.yaml

Times passes, decoding steps and optimiser steps of random models in this engine, on one core of
the processor or on one device, and fits coefficients to them; then what several threads and
several ranks at once come to, and what the ranks' collectives take. Start it as a run would be
started: with as many ranks as a node has devices, over several nodes if there are several.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))

from engine_step import endless_decoder, synchronize
from machine_costs import (
    PASS_TERMS,
    STEP_TERMS,
    Floats,
    Sizes,
    fit,
    fit_steps,
    pass_terms,
    predicted_step,
    step_terms,
    work_of,
)
from machine_file import Coefficients, write_machine
from machine_links import measure_links
from random_models import Shape, random_tokens, write_model

from fulcrum_engine.engine import Engine
from fulcrum_engine.packing import members_of, plan
from fulcrum_engine.place import local_size
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.rows import Prompt, Request
from fulcrum_engine.sampler import Distribution
from fulcrum_engine.settings import Settings
from fulcrum_engine.training import Columns, Weights

# Vocabulary, width, feed-forward, layers, heads, key-value heads: each term is large in some.
SMALL_SHAPES = (
    Shape(2048, 256, 704, 4, 4, 2),
    Shape(2048, 512, 1408, 4, 8, 8),
    Shape(32_000, 256, 704, 2, 4, 4),
    Shape(2048, 512, 1408, 8, 8, 2),
)
LARGE_SHAPES = (
    Shape(4096, 2048, 5632, 4, 16, 16),
    Shape(4096, 4096, 11_008, 4, 32, 8),
    Shape(151_936, 2048, 5632, 2, 16, 4),
    Shape(4096, 2048, 5632, 16, 16, 2),
)
# Sequences, tokens of a prompt, samples of it, tokens of a completion.
SMALL_LOADS = ((1, 4, 1, 12), (8, 8, 1, 56), (2, 32, 1, 224), (1, 32, 1, 480), (1, 128, 8, 48))
LARGE_LOADS = ((1, 16, 1, 48), (16, 64, 1, 448), (4, 512, 1, 1536), (1, 512, 8, 512))
# Rows, tokens of a prompt, steps between the two lengths that are timed.
SMALL_STEPS = ((1, 8, 24), (4, 8, 24), (16, 8, 24), (64, 8, 16), (16, 384, 16))
LARGE_STEPS = ((1, 16, 32), (8, 16, 32), (64, 16, 32), (256, 16, 32), (64, 1024, 32))
# What takes longer, in seconds, is timed once. The rest: so often, and the fastest counts.
_LONG = 0.5
_REPEATS = 3


@dataclass
class Timings:
    """Terms with the seconds that they took."""

    terms: list[Floats] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def add(self, terms: Floats, seconds: float) -> None:
        self.terms.append(terms)
        self.seconds.append(seconds)


class Bench:
    """Times one model."""

    def __init__(self, folder: Path, settings: dict[str, object]) -> None:
        given = Settings.read(
            {"checkpoint": str(folder), "microbatch-tokens": 1 << 20, "decoding-rows": 512}
            | settings
        )
        self.engine = Engine(given, Ranks(Place(), given.device))
        self.engine.load()
        # On a processor the time of this process alone, so that others disturb it little.
        on_cpu = self.engine.ranks.device.type == "cpu"
        self.clock = time.process_time if on_cpu else time.perf_counter
        self.width = 2 if given.precision == "bf16" else 4
        self.sizes = Sizes.of(self.engine.scorer.model, self.width)

    def passes(self, load: tuple[int, int, int, int], score: Timings, train: Timings) -> None:
        """Times scoring and a gradient of one pass."""
        prompts, length, samples, new = load
        vocabulary = self.engine.token_rows.end
        tokens = random_tokens(prompts, length, vocabulary, 1)
        completions = random_tokens(prompts * samples, new, vocabulary, 2)
        batch = self.engine.batch(
            {
                "promptTokens": np.concatenate(tokens),
                "promptOffsets": np.arange(prompts + 1) * length,
                "tokens": np.concatenate(completions),
                "offsets": np.arange(prompts * samples + 1) * new,
                "groupOffsets": np.arange(prompts + 1) * samples,
            }
        )
        shares = plan(members_of(batch, None), 1, 1 << 20, self.engine.shares_prompts)
        work = work_of(shares[0][0])

        def weigh(_: int, piece: Columns) -> Weights:
            return Weights(np.full(len(piece.places), 1e-6, np.float32))

        def train_once() -> None:
            self.engine.accumulate(batch, None, 1.0, [], weigh)

        score.add(
            pass_terms(work, self.sizes, 1, 1),
            self.fastest(lambda: self.engine.score(0, batch, 1.0, [])),
        )
        head = 3 if self.engine.ranks.device.type == "cpu" else 4
        train.add(pass_terms(work, self.sizes, 3, head), self.fastest(train_once))
        self.engine.discard()

    def steps(self, rows: int, length: int, count: int, timings: Timings) -> float:
        """Times decoding steps; returns the seconds before the first one."""
        tokens = random_tokens(1, length, self.engine.token_rows.end, 3)
        decoder = endless_decoder(self.engine)

        def sample(new: int) -> float:
            request = Request(rows, new, Distribution(1.0), 1, 0)
            return self.fastest(lambda: decoder.generate([Prompt(tokens[0], 0)], request))

        # Completions below this length are sampled without packed weights.
        first = 17
        begun, ended = sample(first), sample(first + count)
        longest = length + first + count / 2
        # Else something disturbed the shorter one.
        if ended > begun:
            timings.add(step_terms(rows, longest, self.sizes), (ended - begun) / count)
        return begun - (first - 1) * (ended - begun) / count

    def optimizer(self) -> tuple[float, int]:
        """Returns the seconds of an optimiser step, and the number of parameters."""

        def step() -> float:
            for item in self.engine.masters:
                item.need_gradient()
            began = self.clock()
            self.engine.apply(0.0)
            synchronize(self.engine.ranks.device)
            return self.clock() - began

        step()
        return min(step() for _ in range(_REPEATS)), self.sizes.parameters

    def fastest(self, work: Callable[[], object]) -> float:
        """Returns the seconds of the fastest of some times, after one that takes fresh memory."""
        best = float("inf")
        for number in range(_REPEATS + 1):
            if number > 1 and best > _LONG:
                break
            synchronize(self.engine.ranks.device)
            began = self.clock()
            work()
            synchronize(self.engine.ranks.device)
            if number > 0:
                best = min(best, self.clock() - began)
        return best


def measure(settings: dict[str, object], large: bool) -> Coefficients:
    """Measures one core or device."""
    score, train, steps, moves, layouts = (Timings() for _ in range(5))
    for shape in LARGE_SHAPES if large else SMALL_SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            bench = Bench(write_model(Path(folder), shape), settings)
        for load in LARGE_LOADS if large else SMALL_LOADS:
            bench.passes(load, score, train)
        for rows, length, count in LARGE_STEPS if large else SMALL_STEPS:
            begun = bench.steps(rows, length, count, steps)
            if rows == 1:
                layouts.add(np.array([1.0, bench.sizes.step]), max(1e-6, begun))
        seconds, parameters = bench.optimizer()
        # Gradient: read, clipped, read; weights and two moments: read and written; f32.
        moves.add(np.array([1.0, 40.0 * parameters]), seconds)
    peak = bench.engine.peak()
    found_score, found_train = fit(score.terms, score.seconds), fit(train.terms, train.seconds)
    found_steps = fit_steps(steps.terms, steps.seconds)
    found_moves = fit(moves.terms, moves.seconds)
    layout = 0.0 if large else fit(layouts.terms, layouts.seconds)[1]

    def typical(timings: Timings, of: Callable[[Floats], float]) -> float:
        pairs = zip(timings.terms, timings.seconds, strict=True)
        return float(np.median([abs(of(row) / one - 1) for row, one in pairs]))

    return Coefficients(
        peak=peak,
        scoring=dict(zip(PASS_TERMS, found_score, strict=True)),
        training=dict(zip(PASS_TERMS, found_train, strict=True)),
        sampling=dict(zip(STEP_TERMS, found_steps, strict=True)) | {"layout": layout},
        optimizer={"step": found_moves[0], "bytes": found_moves[1]},
        errors={
            "scoring": typical(score, lambda row: float(row @ found_score)),
            "training": typical(train, lambda row: float(row @ found_train)),
            "sampling": typical(steps, lambda row: predicted_step(row, found_steps)),
            "optimizer": typical(moves, lambda row: float(row @ found_moves)),
        },
    )


def measure_shares(model: Path, cores: int, ranks: Ranks) -> tuple[float, float]:
    """Returns a core's rate beside alone: with all as one rank's threads, and with a rank on each.

    With fewer ranks than cores the second is reckoned from what so many ranks lose.
    """
    bench = Bench(model, {"device": "cpu", "threads": 1})
    # Of threads and of ranks it is the clock on the wall that counts.
    bench.clock = time.perf_counter
    decoder = endless_decoder(bench.engine)
    tokens = random_tokens(1, 8, bench.engine.token_rows.end, 3)
    request = Request(16, 41, Distribution(1.0), 1, 0)

    def once() -> float:
        timings = Timings()
        bench.passes(SMALL_LOADS[1], timings, timings)
        sampled = bench.fastest(lambda: decoder.generate([Prompt(tokens[0], 0)], request))
        return float(np.sum(timings.seconds)) + sampled

    alone = 0.0
    threads = 1.0
    if ranks.rank == 0:
        alone = once()
        torch.set_num_threads(cores)
        threads = min(1.0, alone / (cores * once()))
        torch.set_num_threads(1)
    ranks.wait()
    together = ranks.sum(torch.tensor(once(), dtype=torch.float64)) / ranks.world
    alone = float(ranks.sum(torch.tensor(alone, dtype=torch.float64)))
    busy = min(cores, local_size())
    if busy < 2:
        return threads, threads
    lost = (1 - min(1.0, alone / float(together))) * (cores - 1) / (busy - 1)
    return threads, max(0.01, 1 - lost)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the machine file to write")
    parser.add_argument("--name", default="", help="what the machine is")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    given = parser.parse_args()
    device = given.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    on_cuda = device == "cuda"
    place = Place.of_environment()
    own = tempfile.TemporaryDirectory()
    # Of ranks that have joined, transformers lets the first alone write.
    model = write_model(Path(own.name), SMALL_SHAPES[1])
    ranks = Ranks(place, device, timeout_seconds=3600)
    torch.set_num_threads(1)
    found: dict[str, Coefficients] = {}
    if place.rank == 0:
        for precision in ("f32", "bf16") if on_cuda else ("f32",):
            settings = {"device": device, "precision": precision, "threads": 1}
            found[precision] = measure(settings, on_cuda)
    ranks.wait()
    cores = len(os.sched_getaffinity(0))
    shares = (1.0, 1.0) if on_cuda else measure_shares(model, cores, ranks)
    links = measure_links(ranks)
    if place.rank == 0:
        shared = 0 if on_cuda else cores
        write_machine(given.output, given.name, device, shared, found, shares, links)
    ranks.leave()
    own.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
