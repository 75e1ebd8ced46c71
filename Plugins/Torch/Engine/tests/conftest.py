"""Checkpoints and batches that the tests share."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[4]
FIXTURES = ROOT / "Tests" / "Fixtures"
for folder in (ROOT / "Python", Path(__file__).resolve().parents[1]):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

TINY = ("tiny-llama", "tiny-qwen2", "tiny-qwen3")


@pytest.fixture(params=TINY)
def tiny(request: pytest.FixtureRequest) -> Path:
    """Each of the repository's small checkpoints."""
    return FIXTURES / str(request.param)


@pytest.fixture
def llama() -> Path:
    return FIXTURES / "tiny-llama"


def reference(folder: Path) -> dict[str, Any]:
    """What an independent implementation says of a checkpoint."""
    result: dict[str, Any] = json.loads((folder / "reference.json").read_text())
    return result


def arrays_of(
    prompts: list[list[int]], completions: list[list[list[int]]]
) -> dict[str, np.ndarray]:
    """The arrays of a call's batch."""

    def flat(rows: list[list[int]]) -> np.ndarray:
        return np.array([token for row in rows for token in row], dtype=np.int32)

    def offsets(counts: list[int]) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    sequences = [one for group in completions for one in group]
    return {
        "promptTokens": flat(prompts),
        "promptOffsets": offsets([len(prompt) for prompt in prompts]),
        "tokens": flat(sequences),
        "offsets": offsets([len(one) for one in sequences]),
        "groupOffsets": offsets([len(group) for group in completions]),
    }
