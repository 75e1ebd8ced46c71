"""Scores of TinyZero's reward function on responses of many kinds, right ones and strange ones.

    python3 make-countdown.py PATH/TO/verl/utils/reward_score/countdown.py > countdown.json

Runs `compute_score` of that file (github.com/Jiayi-Pan/TinyZero), which prints to standard output
now and then; that is thrown away. The responses are drawn with a fixed seed.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import random
import sys
import warnings

HEADERS = [
    "Assistant: Let me solve this step by step.\n<think>",
    "<|im_start|>assistant\nLet me solve.\n<think>",
]
ASKED = "User: Using the numbers, for example <answer> (1 + 2) / 3 </answer>.\n"

# Equations by hand, each with the numbers and the target that it is tried with.
EQUATIONS = [
    ("17 * 3 + 17", [17, 17, 3], 68),
    ("(17 * 3) + 17", [3, 17, 17], 68),
    ("((17)*(3))+(17)", [3, 17, 17], 68),
    ("17*3+17 = 68", [3, 17, 17], 68),
    ("17 * 3", [3, 17, 17], 51),
    ("17 * 3 + 17 + 17", [3, 17, 17], 85),
    ("17 * 4 + 0", [17, 4, 0], 68),
    ("17 * 4 + 00", [17, 4, 0], 68),
    ("017 * 4", [17, 4], 68),
    ("17 * 04", [17, 4], 68),
    ("17 * 4.", [17, 4], 68),
    ("017. * 4", [17, 4], 68),
    ("1.5 * 2", [1, 5, 2], 3),
    (".5 * 2", [5, 2], 1),
    ("0.5 * 2", [0, 5, 2], 1),
    ("1.2.3", [1, 2, 3], 1),
    ("1..2", [1, 2], 1),
    ("1 .2", [1, 2], 1),
    ("(1).2", [1, 2], 1),
    ("10 / 4", [10, 4], 2),
    ("10 // 4", [10, 4], 2),
    ("-7 // 2", [7, 2], -4),
    ("7 // -2", [7, 2], -4),
    ("7.5 // 2", [7, 5, 2], 3),
    ("-7.5 // 2", [7, 5, 2], -4),
    ("10 / / 4", [10, 4], 2),
    ("8 / (3 - 8 / 3)", [8, 3, 8, 3], 24),
    ("5 * (5 - 1 / 5)", [5, 5, 1, 5], 24),
    ("1 / 3 * 3", [1, 3, 3], 1),
    ("1 / (2 - 2)", [1, 2, 2], 1),
    ("1 // (2 - 2)", [1, 2, 2], 1),
    ("2 ** 3", [2, 3], 8),
    ("2 * * 3", [2, 3], 8),
    ("2 *** 3", [2, 3], 8),
    ("2 ** 3 ** 2", [2, 3, 2], 512),
    ("-2 ** 2", [2, 2], -4),
    ("(-2) ** 2", [2, 2], 4),
    ("2 ** -1 * 4", [2, 1, 4], 2),
    ("4 ** (1 / 2)", [4, 1, 2], 2),
    ("0 ** -1", [0, 1], 0),
    ("(0 - 4) ** (1 / 2)", [0, 4, 1, 2], 2),
    ("9.0 ** 400", [9, 0, 400], 1),
    ("--17 + 3", [17, 3], 20),
    ("+17 +-3", [17, 3], 14),
    ("17 - - 3", [17, 3], 20),
    ("17 3", [17, 3], 20),
    ("17 (3)", [17, 3], 51),
    ("(17)(3)", [17, 3], 51),
    ("17 + ", [17], 17),
    ("+ 17", [17], 17),
    ("(17", [17], 17),
    ("17)", [17], 17),
    ("()", [17], 17),
    ("", [17], 17),
    ("...", [17], 17),
    ("17.real", [17], 17),
    ("17 x 3", [17, 3], 51),
    ("17 × 3", [17, 3], 51),
    ("17 ÷ 1", [17, 1], 17),
    ("17 + 3 − 0", [17, 3, 0], 20),
    ("[17 + 3]", [17, 3], 20),
    ("{17 + 3}", [17, 3], 20),
    ("17 + 3, 0", [17, 3, 0], 20),
    ("17_0 + 3", [17, 0, 3], 173),
    ("1e1", [1, 1], 10),
    ("\\(17 + 3\\)", [17, 3], 20),
    ("17\u00a0+ 3", [17, 3], 20),
    ("\u00a017 + 3\u3000", [17, 3], 20),
    ("17\t+\t3", [17, 3], 20),
    ("17\x0c+ 3", [17, 3], 20),
    ("17\x0b+ 3", [17, 3], 20),
    ("17\x1f+ 3", [17, 3], 20),
    ("17\r+ 3", [17, 3], 20),
    ("(17\r+ 3)", [17, 3], 20),
    ("(17 + 3\r)", [17, 3], 20),
    ("17 + (3\r)\r+ 0", [17, 3, 0], 20),
    ("\u0661\u0667 + 3", [17, 3], 20),
    ("17 + 3\u0301", [17, 3], 20),
    ("(" * 50 + "17" + ")" * 50 + " + 3", [17, 3], 20),
    ("-" * 60 + "17 + 3", [17, 3], 20),
    ("3 # 4", [3, 4], 3),
]


def wrap(draw: random.Random, equation: str) -> str:
    """A response around an equation, now and then with a fault in its form."""
    good = [
        f" so</think>\n<answer> {equation} </answer>",
        f" so\nand so</think> then <answer>{equation}</answer> that is it",
        f"<answer>1 + 1</answer></think>\n<answer>{equation}</answer>",
        f"</think>\n<answer>1</answer><answer>{equation}</answer><|im_end|>",
        f"</think>\n<answer>\u0301 {equation}</answer>",
    ]
    bad = [
        f"</think>\n<answer>{equation}</answer>\n",
        f"</think>\n<answer>\n{equation}\n</answer>",
        f"</think>\n<answer>{equation}",
        f"</think>\n{equation}</answer>",
        f"</think>\n<answer>{equation}</answer><answer>",
        f"</think>\n<answer><answer>{equation}</answer></answer>",
        f"</think>\n<answer>{equation}</answer> or <answer>2</answer>",
        f"</think>\n<ANSWER>{equation}</ANSWER>",
        f"Assistant: no </think><answer>{equation}</answer>",
        f" <answer>{equation}</answer> Assistant: yes",
    ]
    return draw.choice(good if draw.random() < 0.7 else bad)


def expression(draw: random.Random, numbers: list[int]) -> str:
    """A random expression of the numbers in this order."""
    if len(numbers) == 1:
        return draw.choice(["{}", "{}", "{}", "({})", "-{}", "{}."]).format(numbers[0])
    cut = draw.randrange(1, len(numbers))
    left, right = expression(draw, numbers[:cut]), expression(draw, numbers[cut:])
    sign = draw.choice(["+", " + ", "-", " - ", "*", " * ", "/", " / ", "//"])
    return draw.choice(["{}{}{}", "({}{}{})"]).format(left, sign, right)


def value(equation: str) -> float | None:
    try:
        return eval(equation, {"__builtins__": None}, {})
    except Exception:
        return None


def cases(draw: random.Random) -> list[dict]:
    rows = []

    def add(equation: str, numbers: list[int], target: int, header: str) -> None:
        for response in (f" so</think>\n<answer> {equation} </answer>", wrap(draw, equation)):
            rows.append(
                {
                    "prompt": ASKED + header,
                    "response": response,
                    "numbers": numbers,
                    "target": target,
                }
            )

    for equation, numbers, target in EQUATIONS:
        add(equation, numbers, target, draw.choice(HEADERS))
    for _ in range(120):
        numbers = [draw.randint(1, 30) for _ in range(draw.randint(2, 5))]
        equation = expression(draw, numbers)
        shown = draw.sample(numbers, len(numbers))
        if draw.random() < 0.15:
            shown[0] += 1
        got = value(equation)
        target = draw.randint(1, 99)
        if got is not None and draw.random() < 0.7:
            target = int(got)
        add(equation, shown, target, draw.choice(HEADERS))
    for prompt in ["17 3 make 20:", "assistant: ", "<|im_start|>user", ""]:
        response = "</think>\n<answer>17 + 3</answer>"
        rows.append({"prompt": prompt, "response": response, "numbers": [17, 3], "target": 20})
        response = "Assistant: " + response
        rows.append({"prompt": prompt, "response": response, "numbers": [17, 3], "target": 20})
    return rows


def main() -> None:
    warnings.simplefilter("ignore")
    spec = importlib.util.spec_from_file_location("tinyzero", sys.argv[1])
    tinyzero = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tinyzero)
    lines = []
    for row in cases(random.Random(18)):
        truth = {"target": row["target"], "numbers": row["numbers"]}
        with contextlib.redirect_stdout(io.StringIO()):
            row["score"] = tinyzero.compute_score(row["prompt"] + row["response"], truth)
        lines.append(json.dumps(row))
    print('{"cases": [\n' + ",\n".join(lines) + "\n]}")


main()
