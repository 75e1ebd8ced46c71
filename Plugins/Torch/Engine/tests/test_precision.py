"""bf16 passes stay near f32 ones, and their gradients add up in f32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support import (
    engine_of,
    given_weights,
    gradients,
    random_batch,
    relative_difference,
)

from fulcrum_engine.engine import Engine


def accumulate(engine: Engine, seed: int, groups: int = 3) -> None:
    batch = engine.batch(random_batch(512, seed, groups=groups, samples=groups))
    weights = np.random.default_rng(seed).normal(size=batch.token_count)
    engine.accumulate(batch, None, 1.0, [], given_weights(weights))


def test_bf16_passes_drift_little(tiny: Path) -> None:
    exact, rough = engine_of(tiny), engine_of(tiny, precision="bf16")
    assert all(p.dtype == torch.bfloat16 for p in rough.scorer.parameters())
    batch = exact.batch(random_batch(512, 3))
    columns = [engine.score(0, batch, 1.0, []) for engine in (exact, rough)]
    assert columns[0] is not None and columns[1] is not None
    drift = np.abs(columns[0].log_probabilities - columns[1].log_probabilities)
    # bf16 has 8 bits: logits up to 10 are some hundredths off.
    assert 0 < drift.max() < 0.3
    for engine in (exact, rough):
        accumulate(engine, 3)
    # A share of 2^-8 for each of some roundings on the way down and up.
    assert 0 < relative_difference(gradients(rough), gradients(exact)) < 0.05


def test_small_steps_are_not_lost(llama: Path) -> None:
    """Steps of 1e-6 are far below bf16's resolution: only f32 masters can add them up."""
    engine = engine_of(llama, precision="bf16", optimizer="adamw", weight_decay=0)
    before = engine.masters.copy()
    for _ in range(3):
        accumulate(engine, 1)
        engine.apply(1e-6)
    moved = [(a - b).abs() for a, b in zip(before, engine.masters.copy(), strict=True)]
    # Adam steps by the learning rate where a gradient keeps its sign.
    assert max(float(one.max()) for one in moved) == pytest.approx(3e-6, rel=0.2)


def test_gradients_of_pieces_add_up_in_f32(llama: Path) -> None:
    engine = engine_of(llama, precision="bf16")
    accumulate(engine, 1, groups=1)
    one = gradients(engine)
    engine.discard()
    for _ in range(300):
        accumulate(engine, 1, groups=1)
    # 300 equal terms: a bf16 sum stops growing at 256 times a term.
    assert relative_difference(gradients(engine), {k: 300 * v for k, v in one.items()}) < 1e-5
