"""Times a plugin's worker: its start, and transforms of 100,000 tokens with two columns.

Run: `python Python/tests/time_worker.py [ROUNDS]`. Fails above 2 ms beside NumPy's own time (the
median), or above 0.5 s for a start.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from plugin_host import Host

TOKENS, GROUPS, SIZE = 100_000, 32, 8
MOST_MS, MOST_START_S = 2.0, 0.5
BODY = "advantages * (0.3 * np.exp(batch.old_log_probabilities) + 0.7) - 0.1 * batch.entropies"
TRANSFORM = f"""
import fulcrum as f
import numpy as np

@f.advantage_transform("t", source="x", summary="x", needs=["old-log-probabilities", "entropies"])
def t(advantages, batch):
    return {BODY}
"""
REWARD = """
import fulcrum as f

@f.reward("r", source="x", summary="x")
def r(samples):
    return [1.0] * len(samples)
"""


def arrays() -> dict[str, np.ndarray]:
    offsets = np.linspace(0, TOKENS, GROUPS * SIZE + 1).astype(np.int64)
    column = np.linspace(-3, 0, TOKENS, dtype=np.float32)
    return {
        "advantages": column,
        "rewards": np.ones(GROUPS * SIZE, np.float32),
        "finished": np.ones(GROUPS * SIZE, np.uint8),
        "tokens": np.ones(TOKENS, np.int32),
        "offsets": offsets,
        "promptTokens": np.ones(GROUPS * 50, np.int32),
        "promptOffsets": np.arange(GROUPS + 1, dtype=np.int64) * 50,
        "groupOffsets": np.arange(GROUPS + 1, dtype=np.int64) * SIZE,
        "minibatchOffsets": np.array([0, GROUPS * SIZE], np.int64),
        "column:old-log-probabilities": column,
        "column:entropies": -column,
    }


class _Given:
    old_log_probabilities = arrays()["column:old-log-probabilities"]
    entropies = arrays()["column:entropies"]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    starts = {"with NumPy": TRANSFORM, "without": REWARD}
    for name, text in starts.items():
        times = []
        for _ in range(5):
            began = time.perf_counter()
            with Host(text) as host:
                host.call("describe")
                times.append(time.perf_counter() - began)
        starts[name] = f"{statistics.median(times):.3f} s {name}"
        assert statistics.median(times) < MOST_START_S, starts[name]
    given, own, whole = arrays(), [], []
    compute = eval(f"lambda advantages, batch: {BODY}", {"np": np})
    with Host(TRANSFORM) as host:
        host.make("advantage-transform", "t")
        for _ in range(rounds):
            began = time.perf_counter()
            compute(given["advantages"], _Given)
            middle = time.perf_counter()
            host.call("transform", given, instance=1, step=1)
            own.append((middle - began) * 1e3)
            whole.append((time.perf_counter() - middle) * 1e3)
    beside = statistics.median(whole) - statistics.median(own)
    print(f"start to the answer of describe (medians): {', '.join(starts.values())}")
    print(
        f"a transform of {TOKENS} tokens with two columns: {statistics.median(whole):.2f} ms, "
        f"of which NumPy {statistics.median(own):.2f}; beside it {beside:.2f} ms"
    )
    sys.exit(0 if beside < MOST_MS else 1)


if __name__ == "__main__":
    main()
