"""The estimate of memory, against what tensors take."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import FIXTURES, arrays_of
from support import engine_of, given_weights

from fulcrum_engine.engine import Engine
from fulcrum_engine.memory import Demand, activation_bytes
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.settings import Settings

DEMAND = Demand(prompt=20, completion=30, completions=8, has_reference=True)


def parts(folder: Path, **settings: object) -> dict[str, int]:
    """An estimate by an engine that has read no weights."""
    named = {name.replace("_", "-"): value for name, value in settings.items()}
    given = Settings.read({"checkpoint": str(folder), "device": "cpu", **named})
    return dict(Engine(given, Ranks(Place(), given.device)).memory(DEMAND))


def test_what_stays_is_counted_by_parameters(llama: Path, tmp_path: Path) -> None:
    # No weights are there to be read.
    for file in llama.iterdir():
        if file.suffix == ".json":
            shutil.copy(file, tmp_path)
    count = sum(one.numel() for one in engine_of(llama).scorer.parameters())
    found = parts(tmp_path)
    assert found["weights, f32"] == 4 * count
    assert found["gradient, f32"] == 4 * count
    assert found["optimiser's moments, f32"] == 8 * count
    assert found["reference's weights, f32"] == 4 * count
    halved = parts(tmp_path, precision="bf16")
    assert halved["weights, bf16"] == 2 * count
    assert halved["weights in f32 for the optimiser"] == 4 * count
    assert "optimiser's moments, f32" not in parts(tmp_path, optimizer="sgd")


def test_a_sampler_of_its_own_has_its_own_memory(llama: Path) -> None:
    """Keys and values of many rows are the larger part where the engine samples, and else none."""
    many = Demand(prompt=200, completion=300, completions=4096, has_reference=False)
    names = []
    for sampler in ("torch", "vllm"):
        given = {"checkpoint": str(llama), "device": "cpu", "microbatch-tokens": 1}
        read = Settings.read({**given, "decoding-rows": 4096, "sampler": sampler})
        found = Engine(read, Ranks(Place(), read.device)).memory(many)
        names.append([name for name, _ in found if name.startswith(("sampling", "training"))])
    assert "sampling: keys and values of 4096 rows" in names[0]
    assert all(name.startswith("training: ") for name in names[1]) and names[1]


def test_adapters_are_counted_as_they_are_made(llama: Path, tmp_path: Path) -> None:
    engine = engine_of(llama, lora_rank=4)
    trained = sum(item.parameter.numel() for item in engine.masters)
    assert parts(llama, lora_rank=4)["gradient, f32"] == 4 * trained
    engine.save(0, str(tmp_path))
    assert parts(tmp_path)["gradient, f32"] == 4 * trained


@pytest.mark.parametrize("name", ["tiny-llama", "tiny-qwen3"])
def test_activations_are_what_a_pass_keeps(name: str) -> None:
    """Counts the bytes that autograd keeps of the layers, for passes of two sizes."""
    # With `logit_rows` no logits are kept.
    engine = engine_of(
        FIXTURES / name, microbatch_tokens=100_000, share_prompts=False, logit_rows=4096
    )
    weights = {id(one) for one in engine.scorer.parameters()}

    def kept(rows: int) -> int:
        tokens = np.random.default_rng(3).integers(0, 500, (rows, 30)).tolist()
        batch = engine.batch(
            arrays_of([row[:10] for row in tokens], [[row[10:]] for row in tokens])
        )
        seen: dict[int, int] = {}

        def note(tensor: torch.Tensor) -> torch.Tensor:
            if id(tensor) not in weights and tensor.dim() > 1:
                storage = tensor.untyped_storage()
                seen[storage.data_ptr()] = storage.nbytes()
            return tensor

        answer = given_weights(np.ones(batch.token_count))
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            engine.accumulate(batch, None, 1.0, [], answer)
        engine.discard()
        return sum(seen.values())

    text = engine.source.config.get_text_config()
    estimate = text.num_hidden_layers * activation_bytes(text, 4)
    # The last token of a row predicts nothing and is not computed.
    measured = (kept(40) - kept(10)) / (30 * 29)
    # The formula is to be on the safe side, and not by much.
    assert 0.6 * estimate <= measured <= 1.1 * estimate, (measured, estimate)
