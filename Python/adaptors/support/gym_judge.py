"""What reasoning-gym.py asks: the score of an answer by the dataset's own scorer."""

from __future__ import annotations

import ast
import json
from functools import lru_cache
from typing import Any

import reasoning_gym
from reasoning_gym.utils import extract_answer


@lru_cache(maxsize=64)
def scorer(name: str, config: str) -> Any:
    return reasoning_gym.create_dataset(name, seed=1, size=1, **json.loads(config)).score_answer


def judge(sample: dict[str, Any], options: dict[str, Any]) -> tuple[float | None, str]:
    fields, answer = sample["fields"], sample["completion"].strip()
    if "entry" not in fields:
        return None, "refused"
    if options["tag"]:
        answer = extract_answer(answer, options["tag"])
    if not answer:
        return 0.0, "unparseable"
    entry = ast.literal_eval(fields["entry"])
    score = float(scorer(fields["dataset"], fields["config"])(answer, entry))
    return score, "correct" if score >= 1 else "wrong"
