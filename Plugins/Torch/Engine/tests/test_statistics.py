"""Scores and statistics of single distributions, against float64 and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fulcrum_engine.errors import EngineError
from fulcrum_engine.statistics import Statistic, further_statistics
from fulcrum_engine.token_rows import TokenRows
from fulcrum_engine.token_scores import token_scores


def test_a_log_probability_near_zero_keeps_its_digits() -> None:
    # π of the token is 1 - 2e^-20: log π = -log(1 + 2e^-20), which float32 sums round to 0.
    logits = torch.tensor([[20.0, 0.0, 0.0]])
    own, entropy, lever, _ = token_scores(logits, torch.tensor([0]), 1.0)
    rest = 2 * np.exp(-20.0)
    assert float(own) == pytest.approx(-np.log1p(rest), rel=1e-6)
    assert float(entropy) == pytest.approx(np.log1p(rest) + rest * 20 / (1 + rest), rel=1e-6)
    # 1 - π = 2e^-20, and two others of e^-20: √(4 + 2) e^-20.
    assert float(lever) == pytest.approx(6**0.5 * np.exp(-20.0), rel=1e-6)


def test_gradients_are_autograds_in_float64() -> None:
    torch.manual_seed(1)
    logits = (3 * torch.randn(7, 50)).requires_grad_()
    targets = torch.randint(50, (7,))
    w, v = torch.randn(2, 7)
    # Some candidates are the targets.
    candidates = torch.cat([targets[:, None].roll(1, 0), torch.randint(50, (7, 3))], dim=1)
    candidates[::2, 0] = targets[::2]
    c = torch.randn(7, 4)
    own, entropy, _, others = token_scores(logits, targets, 0.6, candidates)
    ((w * own + v * entropy).sum() + (c * others).sum()).backward()
    exact = logits.detach().double().requires_grad_()
    log_pi = torch.log_softmax(exact / 0.6, dim=1)
    spread = -(log_pi.exp() * log_pi).sum(dim=1)
    total = (w * log_pi.gather(1, targets[:, None]).squeeze(1) + v * spread).sum()
    (total + (c * log_pi.gather(1, candidates)).sum()).backward()
    assert float((others - log_pi.gather(1, candidates)).detach().abs().max()) < 1e-5
    assert logits.grad is not None and exact.grad is not None
    # Each entry is a sum of a few products of numbers up to 10.
    assert float((logits.grad - exact.grad).abs().max()) < 1e-5


def test_rows_without_a_token_have_no_probability() -> None:
    class Tokenizer:
        def get_vocab(self) -> dict[str, int]:
            return {"a": 0, "b": 1, "d": 3, "<image>": 7}

        def get_added_vocab(self) -> dict[str, int]:
            return {"<image>": 7}

    rows = TokenRows.of(Tokenizer(), 6)
    assert (rows.end, rows.holes.tolist(), rows.count) == (4, [2], 3)
    logits = torch.tensor([[1.0, 2.0, 9.0, 0.5, 30.0, 40.0]], requires_grad=True)
    own, entropy, _, _ = token_scores(rows.cut(logits), torch.tensor([1]), 1.0)
    kept = torch.log_softmax(torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64), dim=0)
    assert own.item() == pytest.approx(float(kept[1]), rel=1e-6)
    assert entropy.item() == pytest.approx(float(-(kept.exp() * kept).sum()), rel=1e-6)
    (own + entropy).sum().backward()
    assert logits.grad is not None
    assert bool(torch.isfinite(logits.grad).all())
    assert logits.grad[0, [2, 4, 5]].tolist() == [0, 0, 0]


def statistic(name: str, logits: list[float], target: int, temperature: float = 1) -> list[float]:
    read = Statistic.read(name, len(logits))
    values = further_statistics(torch.tensor([logits]), torch.tensor([target]), temperature, [read])
    assert values[0].shape == (1, read.width)
    result: list[float] = values[0][0].tolist()
    return result


def test_statistics_are_those_of_the_kernel() -> None:
    logits = [float(np.log(p)) for p in (0.1, 0.4, 0.1, 0.4)]
    assert statistic("top-probability", logits, 0) == pytest.approx([0.4])
    assert statistic("margin", logits, 0) == [0]
    # Tokens 1 and 3 are likelier; 0 is as likely as 2, and lower.
    assert statistic("rank", logits, 2) == [3]
    assert statistic("rank", logits, 1) == [0]
    assert statistic("mass-above(0.5)", logits, 0) == pytest.approx([0.8])
    assert statistic("mass-above(1.0)", logits, 0) == pytest.approx([0.8])
    assert statistic("mass-above(0.0)", logits, 0) == [1]
    assert statistic("top-tokens(4)", logits, 0) == [1, 3, 0, 2]
    assert statistic("top-tokens(3)", logits, 0) == [1, 3, 0]
    tops = statistic("top-log-probabilities(3)", logits, 0)
    assert tops == pytest.approx([np.log(0.4), np.log(0.4), np.log(0.1)])
    # At half the temperature differences double.
    assert statistic("margin", [2.0, 0.5], 0, 0.5) == [3]


def test_of_equal_tokens_the_lower_come_first() -> None:
    torch.manual_seed(3)
    logits = torch.randint(4, (64, 40)).float()
    values = further_statistics(
        logits, torch.zeros(64, dtype=torch.int64), 1.0, [Statistic.read("top-tokens(7)", 40)]
    )[0]
    for row, got in zip(logits.tolist(), values.tolist(), strict=True):
        assert got == sorted(range(40), key=lambda token: (-row[token], token))[:7]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("kurtosis", "unsupported"),
        ("rank(2)", "unsupported"),
        ("top-tokens(0)", "usage"),
        ("top-tokens(5)", "usage"),
        ("mass-above(1.5)", "usage"),
        ("mass-above", "unsupported"),
    ],
)
def test_unknown_statistics_are_refused(name: str, code: str) -> None:
    with pytest.raises(EngineError) as error:
        Statistic.read(name, 4)
    assert error.value.code == code
