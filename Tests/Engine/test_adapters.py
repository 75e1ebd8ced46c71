"""Adapters that the embedded policy trains, in peft and in the engine; and the engine's in it."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import peft
import pytest
import torch
from conftest import FIXTURES, START, Fulcrum, configuration, scored_by_both, torch_policy
from safetensors.numpy import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

# f32 sums of some hundred terms, in two orders; tokens at random have logits of size 15.
TOLERANCE = 5e-5
SEQUENCES = [[5, 40, 7, 9, 200, 3, 31], [17, 2, 90, 33], list(range(3, 60))]


def train(fulcrum: Fulcrum, policy: str, name: str) -> Path:
    """Returns the last checkpoint of two steps."""
    path = fulcrum.write(f"{name}.yaml", configuration(policy, steps=2))
    fulcrum.run("train", path, "--set", f"output={name}")
    return fulcrum.folder / name / "checkpoints/step-2"


def request(fulcrum: Fulcrum) -> Path:
    weights = [[((7 * i) % 5) - 2 for i in range(len(one) - 1)] for one in SEQUENCES]
    content = {"sequences": SEQUENCES, "weights": weights}
    return fulcrum.write("input.json", json.dumps(content))


def scored(fulcrum: Fulcrum, folder: Path) -> list[list[float]]:
    fulcrum.run(
        "model", "score", folder, "--use", "transformer", "--input", request(fulcrum),
        "--output", "scores.json",
    )  # fmt: skip
    result: list[list[float]] = json.loads((fulcrum.folder / "scores.json").read_text())["logprobs"]
    return result


def by_transformers(model: Any) -> list[np.ndarray]:
    result = []
    for tokens in SEQUENCES:
        ids = torch.tensor([tokens])
        with torch.no_grad():
            every = torch.log_softmax(model(ids).logits[0, :-1], -1)
        result.append(every.gather(-1, ids[0, 1:, None])[:, 0].numpy())
    return result


def compare(ours: list[list[float]], theirs: list[Any]) -> None:
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE)


def embedded(checkpoint: Path, **parameters: Any) -> str:
    return json.dumps({"use": "transformer", "checkpoint": str(checkpoint), **parameters})


def test_peft_opens_what_the_embedded_policy_trained(fulcrum: Fulcrum) -> None:
    folder = train(fulcrum, embedded(START, **{"lora-rank": 4}), "embedded")
    config = peft.PeftConfig.from_pretrained(str(folder))
    assert config.base_model_name_or_path == str(START.resolve())
    base = AutoModelForCausalLM.from_pretrained(START, dtype=torch.float32)
    plain = by_transformers(base)
    model = peft.PeftModel.from_pretrained(base, folder).eval()
    every = by_transformers(model)
    # The adapters have moved.
    assert max(np.abs(a - b).max() for a, b in zip(plain, every, strict=True)) > 1e-3
    compare(scored(fulcrum, folder), every)
    # So does transformers by itself, and it finds the tokenizer.
    compare(
        scored(fulcrum, folder),
        by_transformers(AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)),
    )
    text = "Alice says: Bob is a knave."
    assert AutoTokenizer.from_pretrained(folder).encode(text) == AutoTokenizer.from_pretrained(
        START
    ).encode(text)


def test_transformers_opens_a_merged_checkpoint(fulcrum: Fulcrum) -> None:
    policy = embedded(START, **{"lora-rank": 4, "lora-save": "merged"})
    folder = train(fulcrum, policy, "merged")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    compare(scored(fulcrum, folder / "adapter"), by_transformers(model))


@pytest.mark.parametrize("name", ["tiny-llama", "tiny-qwen2", "tiny-qwen3"])
def test_both_policies_read_what_peft_made(fulcrum: Fulcrum, name: str) -> None:
    ours, theirs = scored_by_both(fulcrum, FIXTURES / "lora" / name, request(fulcrum))
    compare(ours["logprobs"], theirs["logprobs"])
    ours, theirs = (
        load_file(fulcrum.folder / f"{use}.safetensors") for use in ("torch", "transformer")
    )
    # The engine names them as they are in its model.
    named = {
        "base_model.model." + key.replace(".default.", "."): value for key, value in ours.items()
    }
    assert set(named) == set(theirs)
    for key, expected in theirs.items():
        largest = np.abs(expected).max()
        assert largest > 0
        assert np.abs(named[key] - expected).max() <= TOLERANCE * largest, key


@pytest.mark.parametrize("saving", ["adapter", "merged"])
def test_each_policy_goes_on_from_the_others_adapter(fulcrum: Fulcrum, saving: str) -> None:
    settings = {"lora-rank": 4, "lora-save": saving}
    first = train(fulcrum, embedded(START, **settings), "first")
    second = train(fulcrum, torch_policy(first, **settings), "second")
    third = train(fulcrum, embedded(second, **settings), "third")
    adapters = [
        load_file((one / "adapter" if saving == "merged" else one) / "adapter_model.safetensors")
        for one in (first, second, third)
    ]
    for before, after in pairwise(adapters):
        assert set(before) == set(after)
        for key, values in after.items():
            # Four moves of AdamW by a learning rate of 1e-4: two steps in two phases.
            assert 0 < np.abs(values - before[key]).max() < 1e-2, key
