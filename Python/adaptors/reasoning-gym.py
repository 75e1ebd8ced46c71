"""A task and a reward of reasoning-gym: its datasets make the puzzles, its scorers judge answers.

Held-out puzzles are the same for every seed. Their seeds lie above those of training. As a small
world has the same puzzle twice, a training puzzle that asks what a held-out one asks is drawn anew.
Other processes judge, for some scorers evaluate what they are given (countdown: 9**9**9).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from support import processes as judging

import fulcrum as f

SOURCE = "reasoning-gym (github.com/open-thought/reasoning-gym)"
HELD_OUT_SEED = 2**31
# A puzzle's seed is its dataset's seed and its index together, so draws lie that far apart.
DRAW, DRAWS = 2**24, 50


def literal(value: Any) -> Any:
    """A row of plain Python values, which `ast.literal_eval` reads: some hold NumPy's."""
    if isinstance(value, dict):
        return {literal(key): literal(element) for key, element in value.items()}
    if isinstance(value, (list, tuple, set)):
        return type(value)(literal(element) for element in value)
    return value.item() if hasattr(value, "item") else value


@lru_cache(maxsize=DRAWS + 2)
def make(name: str, config: str, seed: int, size: int) -> Any:
    import reasoning_gym
    from reasoning_gym.factory import DATASETS

    if name not in DATASETS:
        known = ", ".join(sorted(DATASETS))
        raise f.Refusal(f"reasoning-gym has no dataset '{name}'", "dataset", f"known: {known}")
    try:
        return reasoning_gym.create_dataset(name, seed=seed, size=size, **json.loads(config))
    except Exception as error:  # Its configurations check themselves, by assertions for the most.
        message = f"{name} does not take this: {type(error).__name__}: {error}"
        raise f.Refusal(message, "config", "a JSON object without seed and size") from None


class Puzzles(Sequence[f.Item]):
    """Some puzzles, made when they are asked for; none asks one of the `others`' questions."""

    def __init__(self, dataset: str, config: str, seed: int, size: int, suffix: str) -> None:
        self.dataset, self.config, self.seed, self.size = dataset, config, seed, size
        self.suffix, self.others = suffix, frozenset[str]()

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: Any) -> Any:
        if not 0 <= index < self.size:
            raise IndexError(index)
        for draw in range(DRAWS):
            row = make(self.dataset, self.config, self.seed + draw * DRAW, self.size)[index]
            if row["question"] not in self.others:
                break
        else:
            few = f"{self.dataset} has too few puzzles: {DRAWS} draws were all held out"
            raise f.Refusal(few, hint="hold out fewer, or widen the dataset by 'config'")
        entry = repr(literal(row))
        fields = {"dataset": self.dataset, "config": self.config, "entry": entry}
        answer = "" if row["answer"] is None else str(row["answer"])
        prompt = row["question"] + self.suffix
        return f.Item(prompt, answer, category=self.dataset, fields=fields)


@f.task(
    "reasoning-gym",
    source=SOURCE,
    summary="puzzles of a dataset of reasoning-gym",
    dataset=f.text(None, "its name, such as leg_counting"),
    size=f.integer(10_000, 1, DRAW, "the number of training puzzles"),
    held_out=f.integer(200, 0, 100_000, "the number of held-out puzzles"),
    config=f.text("{}", 'the dataset\'s own configuration as JSON, such as {"max_animals": 5}'),
    suffix=f.text(
        "\n\nPut the answer between <answer> and </answer>.", "text behind each question"
    ),
)
def task(seed: int, dataset: str, size: int, held_out: int, config: str, suffix: str) -> f.Task:
    apart = Puzzles(dataset, config, HELD_OUT_SEED, held_out, suffix)
    train = Puzzles(dataset, config, seed * 2_654_435_761 % DRAW, size, suffix)
    make(dataset, config, train.seed, size)
    rows = make(dataset, config, HELD_OUT_SEED, held_out) if held_out else []
    train.others = frozenset(rows[i]["question"] for i in range(held_out))
    return f.Task(train, apart)


@f.reward(
    "reasoning-gym",
    source=SOURCE,
    summary="the score of reasoning-gym's own scorer; the task reasoning-gym gives the entry",
    check=lambda **_: judging.require("reasoning_gym"),
    tag=f.text("answer", "the answer stands between <answer> and </answer>; empty: it is all"),
    time_limit=f.number(10, 0.1, 600, "seconds of processor time for one sample"),
    processes=f.integer(1, 1, 64, "how many judge at a time"),
)
def reward(samples: list[f.Sample], processes: int, **options: Any) -> list[Any]:
    return judging.score("gym_judge", samples, processes, options)
