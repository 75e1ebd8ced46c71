#!/usr/bin/env python3
"""Writes the sums of Documentation/Recipes/study/smollm2-sums.yaml: sums.py FOLDER

FOLDER/sums.jsonl has 2,000 to train on and FOLDER/sums-held-out.jsonl 400 others: two numbers from
2 to 60, added or subtracted, the lesser from the greater. FOLDER/sums-transfer.jsonl has 400 with
numbers from 61 to 120.
"""

import json
import pathlib
import random
import sys


def sums(draw: random.Random, least: int, greatest: int, count: int) -> list[str]:
    """Returns lines with that many different sums of numbers between two bounds."""
    rows: dict[str, str] = {}
    while len(rows) < count:
        a, b = sorted((draw.randint(least, greatest), draw.randint(least, greatest)), reverse=True)
        sign = draw.choice("+-")
        answer = a + b if sign == "+" else a - b
        rows[f"What is {a} {sign} {b}?"] = str(answer)
    size = f"{least} to {greatest}"
    return [
        json.dumps({"prompt": prompt, "answer": answer, "size": size}) + "\n"
        for prompt, answer in rows.items()
    ]


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    draw = random.Random(18)
    rows = sums(draw, 2, 60, 2400)
    transfer = sums(draw, 61, 120, 400)
    for name, lines in [
        ("sums", rows[:2000]),
        ("sums-held-out", rows[2000:]),
        ("sums-transfer", transfer),
    ]:
        (folder / f"{name}.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    main()
