"""Frozen copies stay, snapshots come back, blends are weighted means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support import engine_of, scores, step

from fulcrum_engine.errors import EngineError

PRECISIONS = [{}, {"precision": "bf16"}, {"lora_rank": 4}, {"lora_rank": 4, "precision": "bf16"}]


def same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("settings", PRECISIONS)
def test_a_frozen_copy_keeps_its_bits(llama: Path, settings: dict[str, object]) -> None:
    engine = engine_of(llama, **settings)
    step(engine)
    before = scores(engine, 0)
    copy = engine.freeze(0)
    step(engine)
    moved = scores(engine, 0)
    assert not np.array_equal(before, moved)
    assert np.array_equal(scores(engine, copy), before)
    assert np.array_equal(scores(engine, 0), moved)
    # A copy moves by blending, and is copied in its turn.
    second = engine.freeze(copy)
    engine.blend(copy, 0, 1.0)
    assert np.array_equal(scores(engine, copy), moved)
    assert np.array_equal(scores(engine, second), before)
    engine.release(copy)
    with pytest.raises(EngineError, match="frozen copy's number"):
        scores(engine, copy)


@pytest.mark.parametrize("settings", PRECISIONS)
def test_a_snapshot_goes_on_to_the_same_bits(llama: Path, settings: dict[str, object]) -> None:
    engine = engine_of(llama, **settings)
    fresh = engine.snapshot()
    step(engine, 1)
    middle = engine.snapshot()
    step(engine, 2)
    after = engine.masters.copy()
    for _ in range(2):
        engine.restore(middle)
        step(engine, 2)
        assert same(engine.masters.copy(), after)
    engine.restore(fresh)
    step(engine, 1)
    step(engine, 2)
    assert same(engine.masters.copy(), after)
    engine.forget(fresh)
    with pytest.raises(EngineError, match="snapshot's number"):
        engine.restore(fresh)


def test_blends_are_weighted_means(llama: Path) -> None:
    engine = engine_of(llama)
    copy = engine.freeze(0)
    old = engine.masters.copy()
    step(engine)
    new = engine.masters.copy()
    engine.blend(copy, 0, 0.25)
    for a, b, got in zip(old, new, engine.slots.values(copy), strict=True):
        exact = 0.75 * a.double() + 0.25 * b.double()
        # A rounding of each product and of the sum.
        assert float((got - exact).abs().max()) <= 2e-7 * float(exact.abs().max())
    engine.blend(copy, 0, 0.0)
    engine.blend(0, copy, 1.0)
    assert same(engine.masters.copy(), engine.slots.values(copy))
    for share in (-0.1, 1.1, float("nan")):
        with pytest.raises(EngineError, match="share from 0 to 1"):
            engine.blend(0, copy, share)


@pytest.mark.parametrize("settings", [{}, {"precision": "bf16"}])
def test_a_copy_can_be_saved(llama: Path, tmp_path: Path, settings: dict[str, object]) -> None:
    engine = engine_of(llama, **settings)
    copy = engine.freeze(0)
    step(engine)
    engine.save(copy, str(tmp_path))
    source, saved = (load_file(f / "model.safetensors") for f in (llama, tmp_path))
    assert all(torch.equal(source[name], saved[name]) for name in source)
