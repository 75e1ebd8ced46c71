"""What every plugin of a kind keeps to, as far as it can be tried without the host."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from .made_up import batch, objective_batch, sample

if TYPE_CHECKING:
    from .testing import Plugin

# Two groups of two completions each, of different lengths; one is of one token.
_COMPLETIONS = [[[5, 6, 7, 2], [5, 2]], [[2], [8, 9, 2]]]
_REWARDS = [1.0, -1.0, 0.5, 0.25]
_TEXTS = ["", "42", "no idea", "<answer>42</answer>", "\\boxed{42}", "\x00\U0001f600", "4" * 5000]
Parameters = Mapping[str, Any]


def _column(name: str, tokens: Any) -> Any:
    """Made-up values that are functions of the tokens: they move with them."""
    import numpy as np

    width = int(name[name.index("(") + 1 : -1]) if name.startswith("top-") and "(" in name else 1
    shift = zlib.crc32(name.encode()) % 7
    values = (np.add.outer(tokens, np.arange(width)) * 37 + shift) % 11
    if "tokens" in name or "rank" in name:
        return values[:, 0] if width == 1 and "(" not in name else values
    values = -(values + 1) / 4 if "log-prob" in name else (values + 1) / 12
    return values[:, 0] if width == 1 else values


def _batch(needs: tuple[str, ...], order: tuple[int, ...]) -> tuple[Any, Any]:
    """The groups in an order, and advantages that are functions of the tokens."""
    import numpy as np

    completions = [_COMPLETIONS[group] for group in order]
    rewards = [reward for group in order for reward in _REWARDS[2 * group : 2 * group + 2]]
    tokens = np.array([t for group in completions for sequence in group for t in sequence], int)
    columns = {name: _column(name, tokens) for name in needs}
    made = batch(completions, rewards, columns=columns)
    return made, np.repeat(rewards, made.lengths) + tokens / 100


def _agree(first: Any, second: Any, who: str) -> None:
    import numpy as np

    for one, other in zip(first, second, strict=True):
        same = one is other or (one is not None and np.array_equal(one, other))
        assert same, f"{who}: the same input gave other numbers: {one} and {other}"


def _transform(plugin: Plugin, name: str, parameters: Parameters) -> None:
    import numpy as np

    needs = plugin.make("advantage-transform", name, parameters).needs
    given, advantages = _batch(needs, (0, 1))
    first = plugin.transform(name, advantages, given, **parameters)
    _agree([first], [plugin.transform(name, advantages, given, **parameters)], name)
    empty, nothing = _batch(needs, ())
    plugin.transform(name, nothing, empty, **parameters)
    if plugin.drew:
        return
    swapped, advantages = _batch(needs, (1, 0))
    other = plugin.transform(name, advantages, swapped, **parameters)
    count = int(given.offsets[2])
    expected = np.concatenate([first[count:], first[:count]])
    assert np.allclose(other, expected, rtol=1e-4, atol=1e-5), (
        f"{name}: groups in another order gave other numbers: {other} instead of {expected}"
    )


def _schedule(plugin: Plugin, name: str, parameters: Parameters) -> None:
    needs = plugin.make("update-scheduler", name, parameters).needs
    given, advantages = _batch(needs, (0, 1))
    first = plugin.phases(name, advantages, given, **parameters)
    second = plugin.phases(name, advantages, given, **parameters)
    assert list(first) == list(second), f"{name}: the same input gave other phases"
    _agree(first.values(), second.values(), name)


def _objective(plugin: Plugin, name: str, parameters: Parameters) -> None:
    import numpy as np

    needs = plugin.make("policy-objective", name, parameters).needs
    tokens = np.array([5, 6, 7, 2, 5, 2])
    given = objective_batch(
        [4, 2],
        advantages=[1, 1, 1, 1, -1, -1],
        log_probabilities=_column("current-log-probabilities", tokens),
        columns={need: _column(need, tokens) for need in needs},
    )
    first = plugin.weigh(name, given, **parameters)
    _agree(first, plugin.weigh(name, given, **parameters), name)


def _reward(plugin: Plugin, name: str, parameters: Parameters) -> None:
    samples = [sample(text, answer="42", prompt="6 × 7?") for text in _TEXTS]
    first = plugin.score(name, samples, **parameters)
    assert first == plugin.score(name, samples, **parameters), f"{name}: asked again, it differs"
    # One that compares the samples with each other is no reward: the host groups them as it likes.
    alone = [plugin.score(name, [one], **parameters)[0] for one in samples]
    assert first == alone, f"{name}: a sample's score depends on the others: {first} and {alone}"


def _task(plugin: Plugin, name: str, parameters: Parameters) -> None:
    one, other = (plugin.task(name, seed=7, **parameters) for _ in range(2))
    count = 20 if one.training_count is None else min(20, one.training_count)
    training = one.items(0, count)
    assert training == other.items(0, count), f"{name}: the same seed gave other items"
    held_out = one.held_out_items(20)
    assert held_out == plugin.task(name, seed=8, **parameters).held_out_items(20), (
        f"{name}: held-out items differ with the seed"
    )
    for items in (training, held_out):
        assert len({item.id for item in items}) == len(items), f"{name}: two items have one id"
    both = {item.question for item in training} & {item.question for item in held_out}
    assert not both, f"{name}: held-out and training items share the prompt {min(both)!r}"


CHECKS: dict[str, Callable[[Plugin, str, Parameters], None]] = {
    "advantage-transform": _transform,
    "update-scheduler": _schedule,
    "policy-objective": _objective,
    "reward": _reward,
    "task": _task,
}
