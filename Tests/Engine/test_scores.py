"""Scores and gradients of the engine, against the references and the embedded policy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import FIXTURES, Fulcrum, scored_by_both
from safetensors.numpy import load_file

# f32 sums of some hundred terms: the two policies and the reference differ by some 1e-6.
TOLERANCE = 1e-5
MODELS = ["tiny-llama", "tiny-qwen2", "tiny-qwen3"]


def request(folder: Path, fulcrum: Fulcrum) -> Path:
    reference = json.loads((folder / "reference.json").read_text())
    # The file has a weight for the first token too, which nothing predicts.
    weights = [one[1:] for one in reference["weights"]]
    content = {"sequences": reference["input_ids"], "weights": weights}
    return fulcrum.write("input.json", json.dumps(content))


@pytest.mark.parametrize("name", MODELS)
def test_both_policies_score_alike(fulcrum: Fulcrum, name: str) -> None:
    folder = FIXTURES / name
    given = request(folder, fulcrum)
    ours, theirs = scored_by_both(fulcrum, folder, given)
    for column in ("logprobs", "entropy", "lever"):
        for a, b in zip(ours[column], theirs[column], strict=True):
            np.testing.assert_allclose(a, b, rtol=0, atol=TOLERANCE)
    ours, theirs = (
        load_file(fulcrum.folder / f"{use}.safetensors") for use in ("torch", "transformer")
    )
    exact = load_file(folder / "reference_grads_f64.safetensors")
    assert set(ours) == set(theirs)
    for key, expected in theirs.items():
        largest = np.abs(expected).max()
        assert np.abs(ours[key] - expected).max() <= TOLERANCE * largest, key
        if key in exact:
            largest = np.abs(exact[key]).max()
            assert np.abs(ours[key] - exact[key]).max() <= TOLERANCE * largest, key
