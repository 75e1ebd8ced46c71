"""Adapters: begun at the base, trained alone, saved in PEFT's layout or merged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support import (
    autograd_oracle,
    engine_of,
    given_weights,
    gradients,
    random_batch,
    relative_difference,
    scores,
)
from transformers import AutoModelForCausalLM

from fulcrum_engine.engine import Engine
from fulcrum_engine.errors import EngineError

peft = pytest.importorskip("peft")


def train(engine: Engine, steps: int = 2, first: int = 0) -> None:
    for seed in range(first, first + steps):
        batch = engine.batch(random_batch(512, seed))
        weights = np.random.default_rng(seed).normal(size=batch.token_count)
        engine.accumulate(batch, None, 1.0, [], given_weights(weights))
        engine.apply(1e-2)


def test_fresh_adapters_are_the_base(tiny: Path) -> None:
    engine = engine_of(tiny, lora_rank=4)
    assert all(".lora_" in item.name for item in engine.masters)
    # All linear layers but the head: 7 in each of 2 layers, two factors each.
    assert len(engine.masters) == 28
    assert np.array_equal(scores(engine, 0), scores(engine_of(tiny), 0))


def test_gradients_are_pefts(tiny: Path) -> None:
    engine = engine_of(tiny, lora_rank=4, lora_alpha=16, lora_targets=["q_proj", "down_proj"])
    train(engine, 1)
    batch = engine.batch(random_batch(512, 5))
    weights = np.random.default_rng(5).normal(size=batch.token_count)
    engine.accumulate(batch, None, 1.0, [], given_weights(weights))
    own = gradients(engine)
    base = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float64)
    config = peft.LoraConfig(r=4, lora_alpha=16, target_modules=["q_proj", "down_proj"])
    model = peft.get_peft_model(base, config, autocast_adapter_dtype=False).get_base_model()
    model.double()
    named = dict(model.named_parameters())
    with torch.no_grad():
        for item in engine.masters:
            named[item.name].copy_(item.values)
    every = autograd_oracle(model, batch, weights, np.zeros_like(weights), 1.0, 512)
    assert relative_difference(own, {name: every[name] for name in own}) < 1e-5


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_an_adapter_folder_is_read_by_peft_and_goes_on(
    llama: Path, tmp_path: Path, precision: str
) -> None:
    engine = engine_of(llama, lora_rank=4, precision=precision)
    train(engine)
    for name in ("model", "optimizer"):
        (tmp_path / name).mkdir()
    engine.save(0, str(tmp_path / "model"))
    engine.save_optimizer(0, str(tmp_path / "optimizer"))
    config = json.loads((tmp_path / "model" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(llama.resolve())
    base = AutoModelForCausalLM.from_pretrained(llama, dtype=torch.float32)
    by_peft = peft.PeftModel.from_pretrained(base, tmp_path / "model")
    state = dict(by_peft.get_base_model().named_parameters())
    for item in engine.masters:
        assert torch.equal(state[item.name], item.values)
    other = engine_of(tmp_path / "model", precision=precision)
    other.load_optimizer(0, str(tmp_path / "optimizer"))
    assert np.array_equal(scores(other, 0), scores(engine, 0))
    for one in (engine, other):
        train(one, 1, first=7)
    pairs = zip(engine.masters.copy(), other.masters.copy(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_merged_folder_is_a_whole_model(tiny: Path, tmp_path: Path) -> None:
    engine = engine_of(tiny, lora_rank=4, lora_save="merged", save_precision="f32")
    train(engine)
    for name in ("model", "optimizer"):
        (tmp_path / name).mkdir()
    engine.save(0, str(tmp_path / "model"))
    source = load_file(tiny / "model.safetensors")
    saved = load_file(tmp_path / "model" / "model.safetensors")
    assert source.keys() == saved.keys()
    moved = {name for name in source if not torch.equal(source[name], saved[name])}
    assert moved == {name for name in source if "_proj.weight" in name}
    plain = engine_of(tmp_path / "model")
    # Products of base and adapter are added in another order.
    assert float(np.abs(scores(plain, 0) - scores(engine, 0)).max()) < 1e-4


def test_a_merged_folder_has_its_adapter_beside_it_and_goes_on(tiny: Path, tmp_path: Path) -> None:
    engine = engine_of(tiny, lora_rank=4, lora_save="merged")
    train(engine)
    for name in ("model", "optimizer"):
        (tmp_path / name).mkdir()
    engine.save(0, str(tmp_path / "model"))
    engine.save_optimizer(0, str(tmp_path / "optimizer"))
    again = engine_of(tmp_path / "model", lora_rank=4, lora_save="merged")
    again.load_optimizer(0, str(tmp_path / "optimizer"))
    opened = engine.open(str(tmp_path / "model"))
    assert np.array_equal(scores(engine, opened), scores(engine, 0))
    for one in (engine, again):
        train(one, 1, first=7)
    pairs = zip(engine.masters.copy(), again.masters.copy(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    with pytest.raises(EngineError, match=r"expected an adapter's folder, or the base '.*tiny-"):
        engine.open(str(tiny.with_name("tiny-qwen3" if "llama" in tiny.name else "tiny-llama")))


def test_adapters_of_another_rank_than_asked_for_are_refused(llama: Path, tmp_path: Path) -> None:
    engine = engine_of(llama, lora_rank=4)
    engine.save(0, str(tmp_path))
    assert engine_of(tmp_path, lora_rank=4).policy.loaded.adapter is not None
    with pytest.raises(EngineError, match="has rank 4, got 8"):
        engine_of(tmp_path, lora_rank=8)


def test_unknown_targets_are_refused(llama: Path) -> None:
    with pytest.raises(EngineError, match="parameter 'lora-targets'") as error:
        engine_of(llama, lora_rank=4, lora_targets=["no_such_layer"])
    assert error.value.code == "parameter"


def test_adapters_save_the_gradient_of_adapters(llama: Path, tmp_path: Path) -> None:
    engine = engine_of(llama, lora_rank=4)
    batch = engine.batch(random_batch(512, 5))
    engine.accumulate(batch, None, 1.0, [], given_weights(np.ones(batch.token_count)))
    engine.save_gradient(str(tmp_path / "gradient"))
    got = load_file(tmp_path / "gradient")
    assert len(got) == 28
    assert all(".lora_" in name for name in got)
