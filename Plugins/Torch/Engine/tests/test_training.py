"""Gradients against the reference files and autograd in float64; steps against PyTorch's own."""

from __future__ import annotations

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
    largest_difference,
    random_batch,
    reference_batch,
)
from transformers import AutoModelForCausalLM

from fulcrum_engine import scorer
from fulcrum_engine.errors import EngineError
from fulcrum_engine.training import Columns, Weights

# The reference files' float32 and float64 gradients differ by 2e-6 relative.
TOLERANCE = 1e-5


def test_gradients_are_those_of_the_reference(tiny: Path) -> None:
    engine = engine_of(tiny)
    arrays, weights = reference_batch(tiny)
    engine.accumulate(engine.batch(arrays), None, 1.0, [], given_weights(weights))
    # The file's loss is -Σ w log π.
    want = {k: -v for k, v in load_file(tiny / "reference_grads_f64.safetensors").items()}
    assert largest_difference(gradients(engine), want) < TOLERANCE


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"microbatch_tokens": 1},
        {"share_prompts": False},
        {"logit_rows": 3},
        {"gradient_checkpointing": True},
        {"attention": "eager"},
    ],
)
def test_gradients_with_entropy_are_autograds(tiny: Path, settings: dict[str, object]) -> None:
    engine = engine_of(tiny, **settings)
    batch = engine.batch(random_batch(512, seed=1))
    random = np.random.default_rng(2)
    w, v = random.normal(size=(2, batch.token_count))
    participants = random.random(batch.token_count) < 0.6
    w[~participants] = 0
    v[~participants] = 0
    places: list[np.ndarray] = []
    weigh = given_weights(w, v)

    def noting(number: int, piece: Columns) -> Weights | None:
        assert number == len(places)
        places.append(piece.places)
        return weigh(number, piece)

    engine.accumulate(batch, participants, 0.8, [], noting)
    assert all(np.all(np.diff(piece) > 0) for piece in places)
    assert np.array_equal(np.sort(np.concatenate(places)), np.flatnonzero(participants))
    model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float64)
    want = autograd_oracle(model, batch, w, v, 0.8, 512)
    assert largest_difference(gradients(engine), want) < TOLERANCE


def test_gradients_with_candidates_are_autograds(tiny: Path) -> None:
    """Of the three likeliest tokens of each place, beside the drawn one's and the entropy's."""
    engine = engine_of(tiny, logit_rows=3)
    batch = engine.batch(random_batch(512, seed=1))
    random = np.random.default_rng(2)
    w, v = random.normal(size=(2, batch.token_count))
    c = random.normal(size=(batch.token_count, 3))

    def weigh(_: int, piece: Columns) -> Weights:
        own = [np.float32(values[piece.places]) for values in (w, v, c)]
        # The candidates are those that the statistic lists.
        assert [column.shape[1] for column in piece.further] == [3]
        return Weights(*own)

    engine.accumulate(batch, None, 0.8, ["top-tokens(3)"], weigh, candidates=3)
    model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float64)
    want = autograd_oracle(model, batch, w, v, 0.8, 512, candidates=c)
    assert largest_difference(gradients(engine), want) < TOLERANCE


def test_a_number_of_candidates_out_of_bounds_is_refused(llama: Path) -> None:
    engine = engine_of(llama)
    batch = engine.batch(random_batch(512, seed=1))
    for count in (-1, 513):
        with pytest.raises(EngineError) as caught:
            engine.accumulate(batch, None, 1.0, [], None, candidates=count)
        assert caught.value.code == "usage"
        assert str(caught.value) == f"expected 0 to 512 candidates a place, got {count}"


def test_a_stop_keeps_what_was_accumulated(llama: Path) -> None:
    engine = engine_of(llama, microbatch_tokens=1)
    batch = engine.batch(random_batch(512, seed=3))
    ones = given_weights(np.ones(batch.token_count))
    first: list[np.ndarray] = []

    def once(number: int, piece: Columns) -> Weights | None:
        if number == 1:
            return None
        first.append(piece.places)
        return ones(number, piece)

    engine.accumulate(batch, None, 1.0, [], once)
    stopped = gradients(engine)
    engine.discard()
    mask = np.zeros(batch.token_count, dtype=bool)
    mask[first[0]] = True
    engine.accumulate(batch, mask, 1.0, [], ones)
    again = gradients(engine)
    assert all(torch.equal(stopped[name], again[name]) for name in stopped)


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_steps_are_pytorchs(llama: Path, optimizer: str) -> None:
    engine = engine_of(
        llama,
        optimizer=optimizer,
        weight_decay=0.1,
        weight_decay_exclude=["norms", "embeddings"],
        max_gradient_norm=0.5,
    )
    model = AutoModelForCausalLM.from_pretrained(llama, dtype=torch.float64)
    named = dict(model.named_parameters())
    still = [p for n, p in named.items() if "norm" in n or "embed" in n]
    moving = [p for n, p in named.items() if not ("norm" in n or "embed" in n)]
    groups = [{"params": moving, "weight_decay": 0.1}, {"params": still, "weight_decay": 0.0}]
    if optimizer == "adamw":
        oracle: torch.optim.Optimizer = torch.optim.AdamW(groups, lr=1e-2, maximize=True)
    else:
        # SGD's decay is added to the gradient, which is turned around by `maximize` before.
        oracle = torch.optim.SGD(groups, lr=1e-2, maximize=True)
    batch = engine.batch(random_batch(512, seed=4))
    weights = np.random.default_rng(5).normal(size=batch.token_count)
    zero = np.zeros_like(weights)
    for _ in range(3):
        engine.accumulate(batch, None, 1.0, [], given_weights(weights))
        report = engine.apply(1e-2)
        autograd_oracle(model, batch, weights, zero, 1.0, 512)
        norm = torch.nn.utils.clip_grad_norm_(named.values(), 0.5)
        assert report.clipped
        assert report.norm == pytest.approx(float(norm), rel=1e-5)
        oracle.step()
    for item in engine.masters:
        # sgd: two roundings a step of weights up to 2. Adam divides by the gradient's own size, so
        # a tiny entry's rounding shows whole, in 3 steps of 1e-2. Most entries are far nearer.
        difference = (item.values - named[item.name].detach()).abs()
        assert float(difference.max()) < (5e-3 if optimizer == "adamw" else 5e-7)
        assert float(difference.mean()) < 1e-6


def test_a_gradient_that_is_not_finite_changes_nothing(llama: Path) -> None:
    engine = engine_of(llama)
    batch = engine.batch(random_batch(512, seed=6))
    before = engine.masters.copy()
    weights = np.ones(batch.token_count)
    weights[3] = np.inf
    engine.accumulate(batch, None, 1.0, [], given_weights(weights))
    with pytest.raises(EngineError, match="expected a finite gradient") as error:
        engine.apply(1e-3)
    assert error.value.code == "not-finite"
    assert all(torch.equal(a, b) for a, b in zip(before, engine.masters.copy(), strict=True))
    assert all(item.gradient is None for item in engine.masters)


def test_kept_logits_give_the_gradient_of_those_computed_again(
    llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same products, so the same bits: of all chunks kept, some, and none."""
    found = []
    for kept in (1 << 30, 4 * 512 * 12, 0):
        monkeypatch.setitem(scorer.KEPT_BYTES, "cpu", kept)
        monkeypatch.setitem(scorer._LOGIT_BYTES, "cpu", 4 * 512 * 10)
        engine = engine_of(llama)
        batch = engine.batch(random_batch(512, 4))
        assert batch.token_count > 20
        weights = np.random.default_rng(2).normal(size=batch.token_count)
        engine.accumulate(batch, None, 0.8, [], given_weights(weights, weights))
        found.append(gradients(engine))
    for other in found[1:]:
        assert all(torch.equal(found[0][name], other[name]) for name in other)
