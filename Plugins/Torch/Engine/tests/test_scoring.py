"""Scores against the reference files and against float64."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from conftest import arrays_of, reference
from support import engine_of
from transformers import AutoModelForCausalLM

# float32 passes of two implementations: the files' own check says 6e-6 on logits.
TOLERANCE = 1e-5


def whole_sequences(folder: Path) -> dict[str, np.ndarray]:
    """Every sequence with a prompt of one token, so that all others are scored."""
    rows = reference(folder)["input_ids"]
    return arrays_of([row[:1] for row in rows], [[row[1:]] for row in rows])


def expected(folder: Path, temperature: float) -> np.ndarray:
    """log π, entropy and lever of all tokens, [3, T], by transformers in float64."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64)
    columns: list[tuple[float, float, float]] = []
    for row in reference(folder)["input_ids"]:
        with torch.no_grad():
            logits = model(torch.tensor([row])).logits[0]
        log_pi = torch.log_softmax(logits / temperature, dim=1)
        for place, token in enumerate(row[1:]):
            own = log_pi[place]
            pi = own.exp()
            error = -pi.clone()
            error[token] += 1
            columns.append((float(own[token]), float(-(pi * own).sum()), float(error.norm())))
    return np.array(columns).T


def test_scores_are_those_of_the_reference_logits(tiny: Path) -> None:
    engine = engine_of(tiny)
    assert engine.started().head == "direct"
    for temperature in (1.0, 0.7):
        batch = engine.batch(whole_sequences(tiny))
        columns = engine.score(0, batch, temperature, [])
        assert columns is not None
        assert np.array_equal(columns.places, np.arange(batch.token_count))
        want = expected(tiny, temperature)
        got = (columns.log_probabilities, columns.entropies, columns.levers)
        for one, other in zip(got, want, strict=True):
            assert np.abs(one - other).max() < TOLERANCE
        if temperature == 1:
            filed = np.concatenate(reference(tiny)["token_logprobs"])
            assert np.abs(columns.log_probabilities - filed).max() < TOLERANCE
