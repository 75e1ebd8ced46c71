"""reasoning-gym: puzzles travel with what their scorer needs; held-out ones are not trained on."""

from __future__ import annotations

import json
from typing import Any

import pytest

import fulcrum as f

pytest.importorskip("reasoning_gym", reason="reasoning-gym is not installed")


def sample(item: f.Item, completion: str) -> f.Sample:
    fields = json.loads(json.dumps(item.json()["fields"]))
    return f.Sample(item.prompt, completion, item.answer, fields=fields)


# The second has tuples in its rows, the third NumPy's values, the fourth puzzles of many answers.
@pytest.mark.parametrize("name", ["leg_counting", "arc_1d", "knights_knaves", "countdown"])
def test_items_and_scores(load: Any, name: str) -> None:
    plugin = load("reasoning-gym.py")
    task = plugin.task(dataset=name, size=8, held_out=3, seed=4)
    assert task.training_count == 8
    held = task.held_out_items(10)
    assert held == plugin.task(dataset=name, size=8, held_out=3, seed=9).held_out_items(10)
    items = [*task.items(0, 8), *held]
    assert items[:8] == plugin.task(dataset=name, size=8, held_out=3, seed=4).items(0, 8)
    texts = [f"I think <answer>{item.answer}</answer>" for item in items]
    verdicts = plugin.score([sample(i, text) for i, text in zip(items, texts, strict=True)])
    assert {verdict.outcome for verdict in verdicts} == {"correct"}
    wrong, without = plugin.score([sample(items[0], "<answer>?</answer>"), sample(items[0], "?")])
    assert (wrong.outcome, without.outcome) == ("wrong", "unparseable")


def test_small_worlds_are_kept_apart(load: Any) -> None:
    """Of 60 towers drawn, some 14 are among the held-out ones: they are drawn anew."""
    task = load("reasoning-gym.py").task(dataset="tower_of_hanoi", size=60, held_out=30)
    held = {item.prompt for item in task.held_out_items(30)}
    assert not held & {item.prompt for item in task.items(0, 60)}
    narrow = {"dataset": "coin_flip", "config": '{"min_trials": 3, "max_trials": 3}'}
    with pytest.raises(f.Refusal, match="too few puzzles"):
        load("reasoning-gym.py").task(**narrow, size=200, held_out=5000).items(0, 200)


def test_configuration(load: Any) -> None:
    plugin = load("reasoning-gym.py")
    few = plugin.task(dataset="leg_counting", config='{"max_animals": 3}', size=5, suffix=" Go.")
    prompt = few.items(0, 1)[0].prompt
    assert prompt.startswith("Your task is to count") and prompt.endswith(" Go.")
    with pytest.raises(f.Refusal, match="no dataset 'legs'"):
        plugin.task(dataset="legs")
    for config in ('{"max_animals": -1}', '{"paws": 1}', "{", "[1]", '{"seed": 1}'):
        with pytest.raises(f.Refusal, match="does not take this"):
            plugin.task(dataset="leg_counting", config=config)


def test_what_evaluates_without_end_is_ended(load: Any) -> None:
    plugin = load("reasoning-gym.py")
    item = plugin.task(dataset="countdown", size=1, held_out=0).items(0, 1)[0]
    numbers = "**".join(["9"] * 5)
    hanging, fine = plugin.score(
        [
            sample(item, f"<answer>{numbers}</answer>"),
            sample(item, f"<answer>{item.answer}</answer>"),
        ],
        time_limit=2,
    )
    assert hanging.outcome != "correct" and fine.outcome == "correct"
