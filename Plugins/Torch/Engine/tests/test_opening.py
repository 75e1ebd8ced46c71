"""Another checkpoint's weights in a slot, and a copy's weights through files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support import engine_of, scores, step

from fulcrum_engine.errors import EngineError


@pytest.mark.parametrize("settings", [{}, {"precision": "bf16"}, {"lora_rank": 4}])
def test_the_first_checkpoint_is_the_first_policy(llama: Path, settings: dict[str, object]) -> None:
    engine = engine_of(llama, **settings)
    first = scores(engine, 0)
    step(engine)
    assert not np.array_equal(scores(engine, 0), first)
    opened = engine.open(str(llama))
    assert np.array_equal(scores(engine, opened), first)


@pytest.mark.parametrize("settings", [{}, {"precision": "bf16"}, {"lora_rank": 4}])
def test_a_moved_copy_comes_back_to_the_bit(
    llama: Path, tmp_path: Path, settings: dict[str, object]
) -> None:
    engine = engine_of(llama, **settings)
    copy = engine.freeze(0)
    step(engine)
    engine.blend(copy, 0, 0.3)
    expected = scores(engine, copy)
    for name in ("model", "optimizer"):
        (tmp_path / name).mkdir()
    engine.save(copy, str(tmp_path / "model"))
    engine.save_optimizer(copy, str(tmp_path / "optimizer"))
    opened = engine.open(str(tmp_path / "model"))
    engine.load_optimizer(opened, str(tmp_path / "optimizer"))
    assert np.array_equal(scores(engine, opened), expected)
    assert all(
        torch.equal(one, other)
        for one, other in zip(engine.slots.values(copy), engine.slots.values(opened), strict=True)
    )


def test_what_is_of_another_shape_is_refused(llama: Path, tmp_path: Path) -> None:
    engine = engine_of(llama)
    other = llama.with_name("tiny-qwen3")
    with pytest.raises(EngineError, match=r"expected '.*' of shape"):
        engine.open(str(other))
    with pytest.raises(EngineError, match="there is no"):
        engine.open(str(tmp_path / "nowhere"))
    copy = engine.freeze(0)
    with pytest.raises(EngineError, match="there is no"):
        engine.load_optimizer(copy, str(tmp_path))
    engine.save_optimizer(copy, str(tmp_path))
    file = tmp_path / "copy.safetensors"
    assert load_file(file)
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(EngineError, match="is damaged"):
        engine.load_optimizer(copy, str(tmp_path))
