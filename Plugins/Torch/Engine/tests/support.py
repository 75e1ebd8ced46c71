"""What several test files do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from conftest import arrays_of, reference

from fulcrum_engine.batch import Batch
from fulcrum_engine.engine import Engine
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.settings import Settings
from fulcrum_engine.training import Columns, Weigh, Weights


def engine_of(folder: Path | str, **settings: object) -> Engine:
    """An engine of one rank, loaded; settings have underscores here."""
    named = {name.replace("_", "-"): value for name, value in settings.items()}
    given = Settings.read({"checkpoint": str(folder), "device": "cpu", **named})
    engine = Engine(given, Ranks(Place(), given.device))
    engine.load()
    return engine


def given_weights(weights: np.ndarray, spread: np.ndarray | None = None) -> Weigh:
    """Answers pieces with their tokens' weights, by place."""

    def weigh(_: int, piece: Columns) -> Weights:
        return Weights(
            weights[piece.places].astype(np.float32),
            None if spread is None else spread[piece.places].astype(np.float32),
        )

    return weigh


def reference_batch(folder: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The reference file's sequences as a batch, and the weights of its completion tokens."""
    data = reference(folder)
    rows, lengths = data["input_ids"], data["prompt_lengths"]
    pairs = list(zip(rows, lengths, strict=True))
    arrays = arrays_of([row[:n] for row, n in pairs], [[row[n:]] for row, n in pairs])
    weights = [w[n:] for w, n in zip(data["weights"], lengths, strict=True)]
    return arrays, np.concatenate(weights)


def gradients(engine: Engine) -> dict[str, torch.Tensor]:
    """The accumulated gradient by name, in memory of its own."""
    return {item.name: item.need_gradient().clone() for item in engine.masters}


def largest_difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The largest difference of two gradients, as a share of each tensor's largest entry.

    Of a tensor whose entries are all but zero beside the gradient's largest, as a share of that:
    sums that cancel keep no digits.
    """
    assert one.keys() == other.keys()
    scale = max(float(value.abs().max()) for value in other.values())
    worst = 0.0
    for name, value in one.items():
        own = max(float(other[name].abs().max()), 1e-6 * scale)
        worst = max(worst, float((value.double() - other[name].double()).abs().max()) / own)
    return worst


def random_batch(
    vocabulary: int, seed: int, groups: int = 3, samples: int = 3, longest: int = 12
) -> dict[str, np.ndarray]:
    """Groups of different lengths, as a call's arrays."""
    random = np.random.default_rng(seed)

    def tokens(low: int) -> list[int]:
        return [int(t) for t in random.integers(3, vocabulary, random.integers(low, longest))]

    return arrays_of(
        [tokens(2) for _ in range(groups)],
        [[tokens(1) for _ in range(samples)] for _ in range(groups)],
    )


Oracle = Callable[[Batch, np.ndarray, np.ndarray], dict[str, torch.Tensor]]


def autograd_oracle(
    model: torch.nn.Module,
    batch: Batch,
    weights: np.ndarray,
    spread: np.ndarray,
    temperature: float,
    tokens: int,
    candidates: np.ndarray | None = None,
) -> dict[str, torch.Tensor]:
    """∇ Σ (w log π + v H) by transformers' own forward pass, sequence by sequence, unpadded.

    Args:
        tokens: logits from there on have no probability.
        candidates: weights on log π of each place's likeliest tokens, [T, K].
    """
    model.zero_grad()
    groups = batch.groups()
    for sequence in range(batch.sequence_count):
        first, end = batch.offsets[sequence], batch.offsets[sequence + 1]
        prompt = batch.prompt(int(groups[sequence]))
        row = torch.from_numpy(np.concatenate([prompt, batch.tokens[first:end]]))
        logits = model(row.unsqueeze(0), use_cache=False).logits[0, len(prompt) - 1 : -1, :tokens]
        log_pi = torch.log_softmax(logits / temperature, dim=1)
        own = log_pi.gather(1, row[len(prompt) :].unsqueeze(1)).squeeze(1)
        entropy = -(log_pi.exp() * log_pi).sum(dim=1)
        w = torch.from_numpy(weights[first:end]).to(own.dtype)
        v = torch.from_numpy(spread[first:end]).to(own.dtype)
        total = (w * own + v * entropy).sum()
        if candidates is not None:
            c = torch.from_numpy(candidates[first:end]).to(own.dtype)
            total = total + (c * log_pi.topk(c.shape[1], dim=1).values).sum()
        total.backward()
    return {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in model.named_parameters()
    }


def relative_difference(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """The L2 norm of the difference of two gradients, as a share of the second's."""
    assert one.keys() == other.keys()
    apart = sum(float((one[k].double() - other[k].double()).square().sum()) for k in one)
    return (apart / sum(float(g.double().square().sum()) for g in other.values())) ** 0.5


def step(engine: Engine, seed: int = 1) -> None:
    """Takes a step on a random batch with random weights."""
    batch = engine.batch(random_batch(512, seed))
    weights = np.random.default_rng(seed).normal(size=batch.token_count)
    engine.accumulate(batch, None, 1.0, [], given_weights(weights))
    engine.apply(1e-2)


def scores(engine: Engine, slot: int) -> np.ndarray:
    """Returns log π of a slot, of always the same tokens."""
    columns = engine.score(slot, engine.batch(random_batch(512, 9)), 1.0, [])
    assert columns is not None
    return columns.log_probabilities
