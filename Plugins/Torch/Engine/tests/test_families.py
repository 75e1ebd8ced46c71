"""Families that the embedded policy lacks give autograd's gradients, and save as they came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from families import FAMILIES, make
from safetensors.torch import load_file
from support import (
    autograd_oracle,
    engine_of,
    given_weights,
    gradients,
    random_batch,
    relative_difference,
)
from transformers import AutoModelForCausalLM

from fulcrum_engine.training import Columns, Weights

# Two float32 passes of other shapes; the large weights make sums of some hundreds.
TOLERANCE = 2e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_trains_as_autograd_does(family: str, tmp_path: Path) -> None:
    folder = make(family, tmp_path / "source")
    engine = engine_of(folder, microbatch_tokens=64)
    assert engine.started().head == "direct"
    batch = engine.batch(random_batch(512, seed=1, longest=14))
    w, v = np.random.default_rng(2).normal(size=(2, batch.token_count))
    seen: list[np.ndarray] = []
    weigh = given_weights(w, v)

    def noting(number: int, piece: Columns) -> Weights | None:
        seen.append(piece.log_probabilities)
        return weigh(number, piece)

    engine.accumulate(batch, None, 0.9, [], noting)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    want = autograd_oracle(model, batch, w, v, 0.9, engine.token_rows.end)
    assert relative_difference(gradients(engine), want) < TOLERANCE
    trained = np.concatenate(seen)
    columns = engine.score(0, batch, 0.9, [])
    assert columns is not None
    assert sorted(columns.log_probabilities) == pytest.approx(sorted(trained), abs=1e-4)
    (tmp_path / "saved").mkdir()
    engine.save(0, str(tmp_path / "saved"))
    source, saved = (load_file(tmp_path / f / "model.safetensors") for f in ("source", "saved"))
    assert source.keys() == saved.keys()
    assert all(torch.equal(source[name], saved[name]) for name in source)


@pytest.mark.parametrize(
    ("family", "shares"), [("olmo2", True), ("mistral", False), ("gemma2", False), ("phi3", True)]
)
def test_prompts_are_shared_where_layers_see_all(family: str, shares: bool, tmp_path: Path) -> None:
    assert engine_of(make(family, tmp_path)).shares_prompts == shares


def test_a_head_of_another_kind_is_the_models_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A family whose final step the engine doesn't know is noticed, and trained through it."""
    folder = make("gemma2", tmp_path)
    monkeypatch.setattr("fulcrum_engine.scorer.final_transforms", lambda config: [])
    engine = engine_of(folder)
    assert engine.started().head == "whole"
    batch = engine.batch(random_batch(512, seed=1))
    w, v = np.random.default_rng(2).normal(size=(2, batch.token_count))
    engine.accumulate(batch, None, 0.9, ["rank"], given_weights(w, v))
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    want = autograd_oracle(model, batch, w, v, 0.9, engine.token_rows.end)
    assert relative_difference(gradients(engine), want) < TOLERANCE
