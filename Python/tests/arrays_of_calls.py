"""The arrays of calls about two groups of two completions: 3, 1, 2 and 2 tokens."""

from __future__ import annotations

from typing import Any

import numpy as np

TOKENS = 8


def batch(**columns: Any) -> dict[str, Any]:
    """Of `transform` and `phases`; columns by their Python names."""
    return {
        "advantages": np.linspace(-1, 1, TOKENS, dtype=np.float32),
        "rewards": np.array([1, -1, 0.5, 0], np.float32),
        "finished": np.array([1, 0, 1, 1], np.uint8),
        "tokens": np.arange(TOKENS, dtype=np.int32),
        "offsets": np.array([0, 3, 4, 6, 8], np.int64),
        "promptTokens": np.array([7, 8, 9], np.int32),
        "promptOffsets": np.array([0, 1, 3], np.int64),
        "groupOffsets": np.array([0, 2, 4], np.int64),
        "minibatchOffsets": np.array([0, 4], np.int64),
        **named(columns),
    }


def minibatch(**columns: Any) -> dict[str, Any]:
    """Of `weigh`: the first group's completions."""
    values = np.array([-0.5, -1, -2, -0.25], np.float32)
    return {
        "logProbabilities": values,
        "entropies": -values,
        "levers": -values / 2,
        "advantages": np.array([1, 1, 1, -1], np.float32),
        "offsets": np.array([0, 3, 4], np.int64),
        "shares": np.array([0.125, 0.5]),
        "groups": np.array([0, 0], np.int64),
        **named(columns),
    }


def named(columns: dict[str, Any]) -> dict[str, Any]:
    return {
        "column:" + name.replace("_", "-"): np.asarray(values, np.float32)
        for name, values in columns.items()
    }
