"""Draws against a slow oracle in float64 that walks the tokens one by one."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
from conftest import FIXTURES

from fulcrum_engine.sampler import Distribution, draw, pick


def oracle(logits: list[float], uniform: float, given: Distribution) -> int:
    """The token, by the definition: a plain loop in float64."""
    if given.temperature == 0:
        return logits.index(max(logits))
    weights = [math.exp((z - max(logits)) / given.temperature) for z in logits]
    order = sorted(range(len(logits)), key=lambda token: (-logits[token], token))
    kept = order[: given.top_k] if given.top_k else order
    if given.top_p < 1:
        goal, mass, count = float(np.float32(given.top_p)) * sum(weights[t] for t in kept), 0.0, 0
        while mass < goal:
            mass += weights[kept[count]]
            count += 1
        kept = kept[:count]
    least = float(np.float32(given.min_p)) * weights[order[0]]
    kept = [token for token in kept if weights[token] >= least]
    total = sum(weights[token] for token in sorted(kept))
    running = 0.0
    for token in sorted(kept):
        running += weights[token]
        if running > uniform * total:
            return token
    return max(kept)


CASES = [
    Distribution(1.0),
    Distribution(0.3),
    Distribution(0),
    Distribution(1.0, top_k=1),
    Distribution(0.7, top_k=7),
    Distribution(1.0, top_k=10_000),
    Distribution(1.0, top_p=0.4),
    Distribution(2.0, top_k=30, top_p=0.75),
    Distribution(1.0, top_p=1e-7),
    Distribution(1.0, min_p=0.1),
    Distribution(1.5, top_k=40, top_p=0.9, min_p=0.02),
    Distribution(0.8, min_p=1.0),
]

GOLDEN: dict[str, Any] = json.loads((FIXTURES / "golden" / "sampling.json").read_text())


@pytest.mark.parametrize("given", CASES)
@pytest.mark.parametrize("vocabulary", [3, 256, 700])
def test_draws_are_the_definitions(given: Distribution, vocabulary: int) -> None:
    generator = torch.Generator().manual_seed(vocabulary)
    # Few values, so that there are ties; the rest are unlike.
    ties = torch.randint(-3, 4, (50, vocabulary), generator=generator).float()
    spread = 3 * torch.randn(50, vocabulary, generator=generator)
    spread[:, 1] = -torch.inf
    logits = torch.cat([ties, spread])
    uniform = torch.rand(100, generator=generator)
    tokens, _ = draw(logits, uniform, given)
    wrong = 0
    for row in range(100):
        expected = oracle(logits[row].tolist(), float(uniform[row]), given)
        wrong += int(tokens[row]) != expected
    # Exponentials in f32 against f64 move a bound between tokens by 1e-7: of 100 draws at most one
    # may lie so near to a bound.
    assert wrong <= (0 if given.temperature == 0 or given.top_k == 1 else 1)


def barred_ends(rows: int, vocabulary: int) -> torch.Tensor:
    barred = torch.zeros(rows, vocabulary, dtype=torch.bool)
    barred[:, GOLDEN["endTokens"]] = True
    return barred


@pytest.mark.parametrize("case", GOLDEN["cuts"])
def test_cut_distributions_are_transformers(case: dict[str, Any]) -> None:
    """The same file as the embedded policy's: from equal logits both draw the same tokens."""
    given = Distribution(case["temperature"], case["topK"], case["topP"], case["minP"])
    probabilities = np.array(case["probabilities"])
    count = len(probabilities)
    # Draws at the middles of 4096 equal parts see a token as often as its probability says, but for
    # a part at each of its borders.
    many = 4096
    numbers = (torch.arange(many, dtype=torch.float32) + 0.5) / many
    exact = torch.tensor([draw["uniform"] for draw in case["draws"]], dtype=torch.float32)
    uniform = torch.cat([numbers, exact])
    logits = torch.tensor(case["logits"], dtype=torch.float32).expand(len(uniform), -1)
    barred = barred_ends(len(uniform), count) if case["barsEnds"] else None
    tokens, found = draw(logits, uniform, given, barred)
    assert tokens[many:].tolist() == [draw["token"] for draw in case["draws"]]
    seen = torch.bincount(tokens[:many], minlength=count).numpy()
    assert (seen[probabilities == 0] == 0).all()
    assert np.abs(seen - probabilities * many).max() <= 1 + 1e-3
    # log π is of the whole distribution, without cuts and with end tokens.
    whole = (torch.tensor(case["logits"], dtype=torch.float64) / case["temperature"]).log_softmax(0)
    assert (found.double() - whole[tokens]).abs().max() < 5e-6


def test_some_rows_are_barred_and_their_neighbours_are_not() -> None:
    logits = torch.zeros(4, 300)
    # Beside such an end token all others have a weight of 0 in single precision.
    logits[:, 5] = 500.0
    logits[:, 7] = 1.0
    barred = torch.zeros(4, 300, dtype=torch.bool)
    barred[1, 5] = barred[3, 5] = True
    uniform = torch.tensor([0.5, 0.999, 0.0, 0.0])
    tokens, found = draw(logits, uniform, Distribution(1.0), barred)
    assert tokens.tolist() == [5, 299, 5, 0]
    assert found.tolist() == [0.0, -500.0, 0.0, -500.0]
    greedy, found = draw(logits, uniform, Distribution(0), barred)
    assert greedy.tolist() == [5, 7, 5, 7] and found.tolist() == [0.0, -499.0, 0.0, -499.0]
    alike, again = draw(logits, uniform, Distribution(1.0), torch.zeros_like(barred))
    plain, expected = draw(logits, uniform, Distribution(1.0))
    assert torch.equal(alike, plain) and torch.equal(again, expected)


@pytest.mark.parametrize("temperature", [0, 0.5, 1.0, 1.7])
def test_log_probabilities_are_of_the_whole_distribution(temperature: float) -> None:
    logits = 4 * torch.randn(50, 300, generator=torch.Generator().manual_seed(1))
    given = Distribution(temperature, top_k=5, top_p=0.5)
    tokens, found = draw(logits, torch.full((50,), 0.9), given)
    scaled = logits.double() / (temperature or 1)
    expected = scaled.log_softmax(-1).gather(1, tokens[:, None])[:, 0]
    # f32 sums of 300 terms: some 1e-7 relative to values near 10.
    assert (found.double() - expected).abs().max() < 5e-6


def test_the_first_of_equal_largest_logits_is_greedys() -> None:
    logits = torch.zeros(2, 600)
    logits[0, [300, 17, 599]] = 2
    tokens, found = draw(logits, torch.zeros(2), Distribution(0))
    assert tokens.tolist() == [17, 0]
    assert found[1].item() == pytest.approx(-math.log(600), rel=1e-6)


def test_tokens_without_weight_are_never_picked() -> None:
    weights = torch.zeros(6, 700)
    weights[:, 400] = 1.0
    weights[:, 699] = 1.0
    uniform = torch.tensor([0.0, 0.25, 0.49999, 0.5, 0.75, 1 - 2**-24])
    # The running sum passes 1 only at the second: a goal of exactly 1 is the second's.
    assert pick(weights, uniform).tolist() == [400, 400, 400, 699, 699, 699]


def test_a_row_is_drawn_alike_in_any_batch() -> None:
    generator = torch.Generator().manual_seed(5)
    logits = 2 * torch.randn(40, 1000, generator=generator)
    uniform = torch.rand(40, generator=generator)
    for given in (Distribution(1.0), Distribution(0.8, top_k=50, top_p=0.9, min_p=0.01)):
        tokens, found = draw(logits, uniform, given)
        order = torch.randperm(40, generator=generator)
        again, found_again = draw(logits[order], uniform[order], given)
        assert torch.equal(tokens[order], again) and torch.equal(found[order], found_again)
        alone, _ = draw(logits[3:4], uniform[3:4], given)
        assert alone[0] == tokens[3]


def test_rows_drawn_in_parts_are_those_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    logits = 2 * torch.randn(10, 300, generator=torch.Generator().manual_seed(2))
    uniform = torch.linspace(0, 0.99, 10)
    barred = torch.arange(3000).view(10, 300) % 7 == 0
    whole = draw(logits, uniform, Distribution(1.0, top_p=0.8), barred)
    monkeypatch.setattr("fulcrum_engine.sampler._ELEMENTS", 1000)
    parts = draw(logits, uniform, Distribution(1.0, top_p=0.8), barred)
    assert torch.equal(whole[0], parts[0]) and torch.equal(whole[1], parts[1])


def test_counts_follow_the_probabilities() -> None:
    logits = torch.tensor([0.0, 1.0, -1.0, 0.5, 2.0, -torch.inf, -2.0, 0.25])
    count = 40_000
    from fulcrum_engine.philox import CounterRandom

    uniform = torch.from_numpy(CounterRandom(1, "sampling").uniform(0, 0, 0, np.arange(count)))
    tokens, _ = draw(logits.expand(count, -1), uniform, Distribution(1.3))
    expected = (logits.double() / 1.3).softmax(-1) * count
    counts = torch.bincount(tokens, minlength=8).double()
    assert counts[5] == 0
    seen = expected > 0
    chi = ((counts - expected)[seen] ** 2 / expected[seen]).sum()
    # Chi-square with 6 degrees of freedom: 22.5 is passed once in a thousand.
    assert chi < 22.5


def test_logits_that_are_no_numbers_show_in_log_probability() -> None:
    logits = torch.zeros(2, 300)
    logits[1, 7] = torch.nan
    _, found = draw(logits, torch.tensor([0.5, 0.5]), Distribution(1.0))
    assert torch.isfinite(found[0]) and not torch.isfinite(found[1])
