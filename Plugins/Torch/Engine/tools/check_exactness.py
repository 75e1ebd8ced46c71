"""Scores, gradients and draws on a device, beside transformers in float64 on the processor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from check_report import Findings
from engine_step import (
    Batch,
    Columns,
    Completions,
    Distribution,
    Engine,
    Prompt,
    Request,
    Weights,
    endless_decoder,
    make_engine,
)
from random_models import random_tokens
from transformers import AutoModelForCausalLM

TEMPERATURE = 0.9
# f32 sums of some thousand terms in another order; TF32, which must be off, gives 1e-3.
LOG_PROBABILITY = 1e-4
GRADIENT = 1e-4
# bf16 rounds to 1/512; over some ten layers log π moves by a few hundredths.
BF16_LOG_PROBABILITY = 0.05
BF16_GRADIENT = 0.1
# Two likeliest tokens so near to each other are taken for equal.
TIE = 1e-4

Tensors = dict[str, torch.Tensor]


def batch_of(engine: Engine, groups: int, samples: int, length: int, seed: int = 1) -> Batch:
    """Returns random prompts and completions of different lengths."""
    random = np.random.default_rng(seed)
    vocabulary = engine.token_rows.end
    prompts = [
        r[: random.integers(2, length)] for r in random_tokens(groups, length, vocabulary, 2)
    ]
    rows = [
        row[: random.integers(1, length)]
        for row in random_tokens(groups * samples, length, vocabulary, 3)
    ]
    return engine.batch(arrays_of(prompts, rows, samples))


def arrays_of(
    prompts: Sequence[np.ndarray], rows: Sequence[np.ndarray], samples: int
) -> dict[str, np.ndarray]:
    """Returns the arrays of a call's batch, `samples` rows to each prompt."""

    def offsets(parts: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([[0], np.cumsum([len(part) for part in parts])])

    return {
        "promptTokens": np.concatenate(prompts),
        "promptOffsets": offsets(prompts),
        "tokens": np.concatenate(rows),
        "offsets": offsets(rows),
        "groupOffsets": np.arange(len(prompts) + 1) * samples,
    }


def factors(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Returns w and v of the gradient Σ (w ∇ log π + v ∇ H), f32 [T] each."""
    pair = np.random.default_rng(4).normal(size=(2, batch.token_count)).astype(np.float32)
    return pair[0], pair[1]


def scores_of(engine: Engine, batch: Batch) -> np.ndarray:
    """Returns log π, entropy and lever, [3, T]."""
    columns = engine.score(0, batch, TEMPERATURE, [])
    assert columns is not None
    return np.stack([columns.log_probabilities, columns.entropies, columns.levers])


def gradient_of(engine: Engine, batch: Batch) -> Tensors:
    """Returns the gradient of the batch with its factors, f32 on the processor."""
    w, v = factors(batch)

    def weigh(_: int, piece: Columns) -> Weights:
        return Weights(w[piece.places], v[piece.places])

    engine.accumulate(batch, None, TEMPERATURE, [], weigh)
    found = {item.name: item.need_gradient().float().cpu() for item in engine.masters}
    engine.discard()
    return found


def expected(folder: Path, batch: Batch) -> tuple[np.ndarray, Tensors]:
    """Returns scores and gradient by transformers' forward pass and autograd in float64."""
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    w, v = factors(batch)
    columns = []
    groups = batch.groups()
    for sequence in range(batch.sequence_count):
        places = slice(int(batch.offsets[sequence]), int(batch.offsets[sequence + 1]))
        prompt = batch.prompt(int(groups[sequence]))
        row = torch.from_numpy(np.concatenate([prompt, batch.tokens[places]]))
        logits = model(row.unsqueeze(0), use_cache=False).logits[0, len(prompt) - 1 : -1]
        all_tokens = torch.log_softmax(logits / TEMPERATURE, dim=1)
        pi = all_tokens.exp()
        targets = row[len(prompt) :].unsqueeze(1)
        own = all_tokens.gather(1, targets).squeeze(1)
        entropy = -(pi * all_tokens).sum(dim=1)
        loss = torch.from_numpy(w[places]) * own + torch.from_numpy(v[places]) * entropy
        loss.sum().backward()
        others = pi.detach().clone()
        others.scatter_add_(1, targets, -torch.ones_like(targets, dtype=others.dtype))
        columns.append(torch.stack([own, entropy, others.norm(dim=1)]).detach().numpy())
    return np.concatenate(columns, axis=1), {
        name: parameter.grad for name, parameter in model.named_parameters()
    }


def apart(one: Tensors, other: Tensors) -> float:
    """Returns the L2 norm of the difference, as a share of the second's."""
    assert one.keys() == other.keys()
    squares = sum(float((one[k].double() - other[k].double()).square().sum()) for k in one)
    return float((squares / sum(float(g.double().square().sum()) for g in other.values())) ** 0.5)


def check_f32(findings: Findings, models: dict[str, Path], device: str, length: int) -> None:
    """Scores and gradients in f32, TF32 off."""
    torch.set_float32_matmul_precision("highest")
    for name, folder in models.items():
        engine = make_engine(folder, device=device)
        batch = batch_of(engine, 3, 3, min(length, engine.context_length // 2))
        scores, gradient = expected(folder, batch)
        worst = np.abs(scores_of(engine, batch) - scores).max(axis=1)
        for column, value in zip(("log π", "entropy", "lever"), worst, strict=True):
            findings.at_most(f"{name}: {column}, largest difference", value, LOG_PROBABILITY)
        findings.at_most(
            f"{name}: gradient, relative", apart(gradient_of(engine, batch), gradient), GRADIENT
        )


def check_bf16(findings: Findings, folder: Path, device: str, length: int) -> None:
    """What passes in bf16 change of those in f32, both on the device."""
    found = []
    for precision in ("bf16", "f32"):
        engine = make_engine(folder, device=device, precision=precision)
        batch = batch_of(engine, 3, 3, length)
        found.append((scores_of(engine, batch)[0], gradient_of(engine, batch)))
    (coarse, coarse_gradient), (fine, gradient) = found
    difference = np.abs(coarse - fine)
    findings.at_most("log π, mean difference", difference.mean(), BF16_LOG_PROBABILITY)
    findings.figure("log π, largest difference", difference.max())
    findings.at_most("gradient, relative", apart(coarse_gradient, gradient), BF16_GRADIENT)


def check_sampling(findings: Findings, models: dict[str, Path], device: str, new: int) -> None:
    """Greedy tokens are the processor's; a draw's log π is the score's."""
    torch.set_float32_matmul_precision("highest")
    for name, folder in models.items():
        own, plain = make_engine(folder, device=device), make_engine(folder, device="cpu")
        rows = random_tokens(4, 12, own.token_rows.end, 5)
        prompts = [row[: 3 + 2 * k] for k, row in enumerate(rows)]
        wrong, ties = _greedy_differences(own, plain, prompts, new)
        findings.at_most(f"{name}: greedy rows other than the processor's", wrong, 0)
        if ties:
            findings.figure(f"{name}: greedy rows that part at a tie", ties)
        drawn = _sample(own, prompts, new, 2, 1.0)
        columns = own.score(0, _sampled(own, prompts, drawn, 2), 1.0, [])
        assert columns is not None
        difference = np.abs(columns.log_probabilities - drawn.log_probabilities).max()
        findings.at_most(f"{name}: log π of draws beside scores", difference, LOG_PROBABILITY)
        others = _sample(plain, prompts, new, 2, 1.0)
        same = (others.tokens == drawn.tokens).mean()
        findings.figure(f"{name}: share of drawn tokens that are the processor's", same)


def _sample(
    engine: Engine, prompts: Sequence[np.ndarray], new: int, samples: int, temperature: float
) -> Completions:
    request = Request(samples, new, Distribution(temperature), 1, 0)
    given = [Prompt(tokens, number) for number, tokens in enumerate(prompts)]
    return endless_decoder(engine).generate(given, request)


def _sampled(
    engine: Engine, prompts: Sequence[np.ndarray], drawn: Completions, samples: int
) -> Batch:
    rows = np.split(drawn.tokens, drawn.offsets[1:-1])
    return engine.batch(arrays_of(prompts, rows, samples))


def _greedy_differences(
    own: Engine, plain: Engine, prompts: Sequence[np.ndarray], new: int
) -> tuple[int, int]:
    """Returns how many rows differ, and how many part where two tokens are all but equal."""
    found = _sample(own, prompts, new, 1, 0.0).tokens.reshape(-1, new)
    drawn = _sample(plain, prompts, new, 1, 0.0)
    columns = plain.score(0, _sampled(plain, prompts, drawn, 1), 1.0, ["margin"])
    assert columns is not None
    margins = columns.further[0].reshape(-1, new)
    wrong = ties = 0
    for row, want in enumerate(drawn.tokens.reshape(-1, new)):
        differs = np.flatnonzero(found[row] != want)
        if len(differs):
            is_tie = margins[row, differs[0]] < TIE
            ties += int(is_tie)
            wrong += int(not is_tie)
    return wrong, ties
