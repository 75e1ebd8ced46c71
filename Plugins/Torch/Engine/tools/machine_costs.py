"""What passes and decoding steps are made of: the terms of `fulcrum plan`, and a fit to timings.

The formulas are those of Sources/Planning (Documentation/Planning.md); a fixture that this file
makes holds the two to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fulcrum_engine.layers import head_size
from fulcrum_engine.memory import activation_bytes
from fulcrum_engine.operations import operations
from fulcrum_engine.packing import Pass

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sizes:
    """Sizes of a model.

    Attributes:
        layers, vocabulary: counts.
        row, pair, scored: operations; see `fulcrum_engine.operations`.
        element: bytes that a layer keeps of a token.
        step: bytes of weights that a decoding step reads.
        cached: bytes that a decoding step moves for each place of a row.
        parameters: of the whole model.
    """

    layers: int
    vocabulary: int
    row: float
    pair: float
    scored: float
    element: int
    step: float
    cached: float
    parameters: int

    @staticmethod
    def of(model: Any, width: int) -> Sizes:
        """Returns the sizes of a causal language model, `width` bytes a weight."""
        text = model.config.get_text_config()
        counted = operations(model)
        query = text.num_attention_heads * head_size(text)
        key_value = text.num_key_value_heads * head_size(text)
        # With a mask, PyTorch's attention takes keys and values that are repeated for each head.
        moved = key_value if query == key_value else key_value + 2 * query
        return Sizes(
            layers=text.num_hidden_layers,
            vocabulary=text.vocab_size,
            row=counted["row"],
            pair=counted["pair"],
            scored=counted["scored"],
            element=activation_bytes(text, width),
            step=width * (counted["row"] + counted["scored"]) / 2,
            cached=width * text.num_hidden_layers * 2 * moved,
            parameters=sum(one.numel() for one in model.parameters()),
        )


@dataclass(frozen=True)
class Work:
    """What a pass computes.

    Attributes:
        calls: of the model: two where prompts are shared.
        tokens: through the layers, padding included.
        pairs: of tokens that attention compares.
        scored: tokens whose logits are computed.
    """

    calls: int
    tokens: int
    pairs: float
    scored: int


def work_of(one: Pass) -> Work:
    """Returns the work of a pass of whole sequences."""
    scored = sum(len(member.places) for member in one.members)
    rows = len(one.members)
    if not one.shares_prompts:
        length = max(member.length for member in one.members)
        return Work(1, rows * length, rows * length * (length + 1) / 2, scored)
    prompts = {member.group: member.prompt for member in one.members}
    first = max(prompts.values())
    used = max(member.used for member in one.members)
    tokens = len(prompts) * first + rows * used
    pairs = len(prompts) * first * (first + 1) / 2 + rows * used * (first + used)
    return Work(2 if used else 1, tokens, pairs, scored)


# The coefficients of a pass in the order of `pass_terms`: seconds, or seconds a unit.
PASS_TERMS = ("pass", "layer", "products", "attention", "elements", "logits", "gradients")
# Those of a decoding step, in the order of `step_terms`.
STEP_TERMS = ("step", "layer", "products", "weights", "cache", "logits")


def pass_terms(work: Work, sizes: Sizes, factor: int, head_factor: int) -> Floats:
    """Returns the units of each coefficient that a pass takes.

    Args:
        factor: 1 for a forward pass, 3 with the backward pass, which adds to every gradient.
        head_factor: the same of the head: 4 where its logits are computed again.
    """
    products = factor * work.tokens * sizes.row + head_factor * work.scored * sizes.scored
    return np.array(
        [
            1.0,
            work.calls * sizes.layers,
            products,
            factor * work.pairs * sizes.pair,
            factor * work.tokens * sizes.layers * sizes.element,
            float(work.scored * sizes.vocabulary),
            12.0 * sizes.parameters if factor > 1 else 0.0,
        ]
    )


def step_terms(rows: int, longest: float, sizes: Sizes) -> Floats:
    """Returns the units that a decoding step of `rows` rows takes, products and weights both."""
    return np.array(
        [
            1.0,
            sizes.layers,
            rows * (sizes.row + sizes.scored),
            sizes.step,
            rows * longest * sizes.cached,
            float(rows * sizes.vocabulary),
        ]
    )


def fit(terms: Sequence[Floats], seconds: Sequence[float]) -> Floats:
    """Returns coefficients ≥ 0 with the least sum of relative errors.

    Errors count by their size, not its square: a timing that another process disturbed is far off.
    """
    times = np.array(seconds)
    rows = np.stack(terms) / times[:, None]
    scales = rows.max(axis=0)
    scales[scales == 0] = 1.0
    rows = rows / scales
    found = _non_negative(rows, np.ones(len(times)))
    for _ in range(30):
        # Least squares, reweighed: below a hundredth all errors count alike.
        root = 1 / np.sqrt(np.maximum(np.abs(rows @ found - 1), 0.01))
        found = _non_negative(rows * root[:, None], root)
    return found / scales


def fit_steps(terms: Sequence[Floats], seconds: Sequence[float]) -> Floats:
    """As `fit`, of steps that take the longer of their products and of reading the weights."""
    products, weights = STEP_TERMS.index("products"), STEP_TERMS.index("weights")
    # At first: few rows wait for weights, many for products.
    ratios = np.array([row[products] / row[weights] for row in terms])
    waits = ratios < np.median(ratios)
    found = np.zeros(len(STEP_TERMS))
    for _ in range(20):
        chosen = [row.copy() for row in terms]
        for row, one in zip(chosen, waits, strict=True):
            row[products if one else weights] = 0.0
        found = fit(chosen, seconds)
        now = np.array(
            [row[weights] * found[weights] > row[products] * found[products] for row in terms]
        )
        if (now == waits).all():
            break
        waits = now
    return found


def predicted_step(terms: Floats, found: Floats) -> float:
    """Returns the seconds of a step by fitted coefficients."""
    parts = terms * found
    products, weights = STEP_TERMS.index("products"), STEP_TERMS.index("weights")
    return float(parts.sum() - min(parts[products], parts[weights]))


def _non_negative(rows: Floats, goal: Floats) -> Floats:
    """Least squares with no negative coefficient, by coordinate descent: the problem is convex."""
    square, side = rows.T @ rows, rows.T @ goal
    found = np.zeros(rows.shape[1])
    for _ in range(20_000):
        before = found.copy()
        for k in range(len(found)):
            if square[k, k] > 0:
                found[k] = max(0.0, found[k] + (side[k] - square[k] @ found) / square[k, k])
        if np.abs(found - before).max() <= 1e-7 * max(1.0, np.abs(found).max()):
            break
    return found
