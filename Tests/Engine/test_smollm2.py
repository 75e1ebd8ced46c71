"""A real model, where there is one.

FULCRUM_SMOLLM2 names the folder of SmolLM2-135M-Instruct in f32, and FULCRUM_SMOLLM2_REFERENCE what
another implementation says of it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from conftest import Fulcrum, scored_by_both, torch_options

MODEL = os.environ.get("FULCRUM_SMOLLM2", "")
REFERENCE = os.environ.get("FULCRUM_SMOLLM2_REFERENCE", "")
pytestmark = pytest.mark.skipif(not MODEL or not REFERENCE, reason="there is no SmolLM2 here")

# Thirty layers in f32 add up more rounding than two: some 1e-5 of a log-probability of 10.
TOLERANCE = 5e-5


def test_scores_and_gradients(fulcrum: Fulcrum) -> None:
    reference = json.loads(Path(REFERENCE).read_text())
    fixed = reference["fixed"]
    tokens = fixed["input_ids"]
    weights = np.random.default_rng(1).normal(size=len(tokens) - 1).tolist()
    given = fulcrum.write("input.json", json.dumps({"sequences": [tokens], "weights": [weights]}))
    ours, theirs = scored_by_both(fulcrum, MODEL, given)
    expected = fixed["logprobs_of_token_i_plus_1"][: len(tokens) - 1]
    worst = np.abs(np.array(ours["logprobs"][0]) - np.array(expected)).max()
    print(f"log π against the reference: {worst:.2e}")
    assert worst < TOLERANCE
    for column in ("logprobs", "entropy", "lever"):
        difference = np.abs(np.array(ours[column][0]) - np.array(theirs[column][0])).max()
        print(f"{column} against the embedded policy: {difference:.2e}")
        assert difference < TOLERANCE
    a, b = (load_file(fulcrum.folder / f"{use}.safetensors") for use in ("torch", "transformer"))
    worst = max(float((a[key] - b[key]).abs().max() / b[key].abs().max()) for key in b)
    print(f"gradients, of each tensor's largest entry: {worst:.2e}")
    assert worst < TOLERANCE


def test_greedy_text(fulcrum: Fulcrum) -> None:
    reference = json.loads(Path(REFERENCE).read_text())
    for one in reference["prompts"][:3]:
        file = fulcrum.write("prompt.txt", one["prompt"])
        text = fulcrum.run(
            "generate", MODEL, *torch_options(), "--prompt-file", file, "--temperature", "0",
            "--max-new-tokens", str(len(one["greedy_ids"])), "--json",
        )  # fmt: skip
        line = json.loads([row for row in text.splitlines() if row.startswith("{")][-1])
        expected = one["greedy_text"].replace("<|im_end|>", "")
        # Where two tokens are all but equally likely, rounding decides.
        if min(one["top1_top2_margin"]) > 1e-3:
            assert line["completion"] == expected
