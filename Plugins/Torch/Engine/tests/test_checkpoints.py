"""What is saved continues to the same bits, on as many ranks or others; damage is noticed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from launch import launch
from safetensors import safe_open
from safetensors.torch import load_file
from support import engine_of, given_weights, random_batch, relative_difference

from fulcrum_engine.engine import Engine
from fulcrum_engine.errors import EngineError


def step(engine: Engine, seed: int) -> None:
    batch = engine.batch(random_batch(512, seed))
    weights = np.random.default_rng(seed).normal(size=batch.token_count)
    engine.accumulate(batch, None, 1.0, [], given_weights(weights))
    engine.apply(1e-3)


def save(engine: Engine, folder: Path) -> None:
    for name in ("model", "optimizer"):
        (folder / name).mkdir(parents=True)
    engine.save(0, str(folder / "model"))
    engine.save_optimizer(0, str(folder / "optimizer"))


def stored(file: Path) -> dict[str, str]:
    with safe_open(file, framework="pt") as tensors:
        return {name: tensors.get_slice(name).get_dtype() for name in tensors.keys()}  # noqa: SIM118


@pytest.mark.parametrize("precision", ["f32", "bf16", "same"])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_run_continues_to_the_same_bits(
    tiny: Path, tmp_path: Path, precision: str, optimizer: str
) -> None:
    settings = {"save_precision": precision, "optimizer": optimizer}
    whole = engine_of(tiny, **settings)
    for seed in range(2):
        step(whole, seed)
    save(whole, tmp_path)
    step(whole, 2)
    other = engine_of(tmp_path / "model", **settings)
    other.load_optimizer(0, str(tmp_path / "optimizer"))
    step(other, 2)
    pairs = zip(whole.masters.copy(), other.masters.copy(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize(("precision", "name"), [("f32", "F32"), ("bf16", "BF16"), ("same", "F32")])
def test_a_saved_folder_is_as_the_source(
    tiny: Path, tmp_path: Path, precision: str, name: str
) -> None:
    engine = engine_of(tiny, save_precision=precision)
    engine.save(0, str(tmp_path))
    source = stored(tiny / "model.safetensors")
    assert stored(tmp_path / "model.safetensors") == dict.fromkeys(source, name)
    if name == "F32":
        before, after = (load_file(f / "model.safetensors") for f in (tiny, tmp_path))
        assert all(torch.equal(before[key], after[key]) for key in before)
    text = (tmp_path / "tokenizer.json").read_bytes()
    assert text == (tiny / "tokenizer.json").read_bytes()
    config = json.loads((tmp_path / "config.json").read_text())
    own = json.loads((tiny / "config.json").read_text())
    key = "dtype" if "dtype" in config else "torch_dtype"
    assert {**own, key: config[key]} == config


def test_a_run_outlives_the_folder_that_it_began_from(tiny: Path, tmp_path: Path) -> None:
    # A resumed run begins from a checkpoint of its own, which later ones replace.
    first = tmp_path / "first"
    shutil.copytree(tiny, first)
    engine = engine_of(first)
    files = [first / "config.json", *first.glob("tokenizer*.json")]
    kept = {path.name: path.read_bytes() for path in files}
    shutil.rmtree(first)
    save(engine, tmp_path)
    saved = tmp_path / "model"
    assert {path.name for path in saved.iterdir()} - {"model.safetensors"} == set(kept)
    for name in set(kept) - {"config.json"}:
        assert (saved / name).read_bytes() == kept[name]
    again = json.loads((saved / "config.json").read_text())
    assert {**json.loads(kept["config.json"]), "dtype": "float32"} == {**again, "dtype": "float32"}


def test_a_gradient_file_has_the_checkpoints_names(tiny: Path, tmp_path: Path) -> None:
    engine = engine_of(tiny)
    batch = engine.batch(random_batch(512, 1))
    engine.accumulate(batch, None, 1.0, [], given_weights(np.ones(batch.token_count)))
    engine.save_gradient(str(tmp_path / "gradient.safetensors"))
    got = load_file(tmp_path / "gradient.safetensors")
    assert got.keys() == stored(tiny / "model.safetensors").keys()
    for item in engine.masters:
        assert item.gradient is not None
        assert torch.equal(got[item.name], item.gradient)


def damage(folder: Path, kind: str) -> None:
    file = folder / "optimizer-00001-of-00001.safetensors"
    index = folder / "optimizer.json"
    data = bytearray(file.read_bytes())
    content: dict[str, Any] = json.loads(index.read_text())
    if kind == "bit":
        data[-5] ^= 1
    elif kind == "short":
        del data[-8:]
    elif kind == "model":
        content["tensors"]["model.norm.weight"] = [65]
    elif kind == "optimizer":
        content["optimizer"] = "sgd"
    elif kind == "version":
        content["version"] = 2
    file.write_bytes(data)
    index.write_text(json.dumps(content) if kind != "index" else "{")
    if kind == "gone":
        file.unlink()
    if kind == "empty":
        index.unlink()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("bit", "is damaged: expected"),
        ("short", "is damaged: expected"),
        ("model", r"of another model: tensor 'model.norm.weight'.*\[64\], got \[65\]"),
        ("optimizer", "optimiser 'adamw'.*got that of 'sgd'"),
        ("version", "not an index"),
        ("index", "is damaged"),
        ("gone", "there is no"),
        ("empty", "there is no"),
    ],
)
def test_damage_changes_nothing(llama: Path, tmp_path: Path, kind: str, message: str) -> None:
    engine = engine_of(llama)
    step(engine, 1)
    save(engine, tmp_path)
    damage(tmp_path / "optimizer", kind)
    step(engine, 2)
    before = engine.policy.optimizer.state.copy()
    with pytest.raises(EngineError, match=message) as error:
        engine.load_optimizer(0, str(tmp_path / "optimizer"))
    assert error.value.code in ("checkpoint", "not-found")
    after = engine.policy.optimizer.state
    assert after.steps == before.steps
    assert all(
        torch.equal(a, b)
        for one, other in zip(before.moments, after.moments, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_ranks_continue_others_states(llama: Path, tmp_path: Path) -> None:
    """2 sharded ranks save; 2, 1 and 3 go on. As many ranks give the bits of an unbroken run."""

    def job(checkpoint: str, **rest: Any) -> dict[str, Any]:
        return {"do": "steps", "settings": {**settings, "checkpoint": checkpoint}, **rest}

    settings = {"shard": "fsdp2", "save-precision": "bf16"}
    saved = {"from": 0, "to": 2, "save": "saved"}
    whole, _ = launch(
        tmp_path,
        2,
        [job(str(llama), **{"from": 0, "to": 4}), job(str(llama), **saved, name="a")],
    )
    goes_on = job(
        str(tmp_path / "saved" / "model"), **{"from": 2, "to": 4, "load": "saved/optimizer"}
    )
    for world in (2, 1, 3):
        again = launch(tmp_path, world, [goes_on])[0]
        norm = whole["norm"]
        assert float(again.pop("norm")) == pytest.approx(float(norm), rel=1e-5)
        own = {name: value for name, value in whole.items() if name != "norm"}
        if world == 2:
            assert all(torch.equal(again[name], own[name]) for name in own)
        # Adam makes whole steps of entries that are rounding alone, of 1e-3 in weights near 1.
        assert relative_difference(again, own) < 1e-4
    plain = {**goes_on, "settings": {**goes_on["settings"], "shard": "none"}}
    again = launch(tmp_path, 1, [plain])[0]
    assert float(again["norm"]) == pytest.approx(float(whole["norm"]), rel=1e-5)
