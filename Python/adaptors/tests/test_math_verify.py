"""math-verify: what is equal is accepted for the most, what is not never, and nothing hangs."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import fulcrum as f

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
from plugin_host import Host, read

pytest.importorskip("math_verify", reason="math-verify is not installed")

ADAPTORS = Path(__file__).resolve().parents[1]
CASES = Path(__file__).resolve().parents[4] / "shared" / "cases" / "math-pairs.jsonl"
EQUAL = [
    (r"\frac{22}{8}", "2.75"), (r"7\text{ million}", "7,000,000"), (r"12\,\mathrm{cm}^2", "12"),
    ("12", r"12\text{ cm}^2"), ("3 apples", "3 apple"), (r"(x+3)^2", "x^2+6x+9"),
    (r"\text{Tuesday}", "Tuesday"), (r"1\frac{3}{4}", "7/4"), ("40%", r"\frac25"), ("£9", "9"),
    (r"\{4, 8\}", r"\{8,4\}"), (r"21_{3}", "21_3"), (r"6\,500", "6500"), (r"\Large 8", "8"),
    (r"\approx 2.7", r"\approx 2.7"), ("−4", "-4"), (r"\sqrt{18}", r"3\sqrt{2}"), ("x = 9", "9"),
]  # fmt: skip
UNEQUAL = [
    ("7 million", "7"), ("7", "7 million"), ("7 hundred", "7"), (r"9\text{ km}", r"9\text{ m}"),
    (r"9\text{ cm}^2", r"9\text{ cm}^3"), ("€9", "£9"), (r"9^\circ", r"9\text{ radians}"),
    ("about 9", "9"), (r"\text{not } 9", "9"), (r"\approx 9", "9"), ("half 8", "8"),
    ("21_3", "21"), ("21_3", "21_4"), ("k", "K"), ("2a+A", "2a+a"), ("y=9", "x=9"),
    ("1,2,2", "1,1,2"), ("0.666667", "2/3"), ("1.4142135", r"\sqrt2"), ("0.99999999", "1"),
    (r"\pm 3", "3"), ("3,4", "3"), ("[1,4)", "(1,4)"), (r"\{1,4\}", "(1,4)"), (r"x\ge 3", "x>3"),
    (r"3\text{ hours }10\text{ minutes}", "3"), ("3 pm", "3"), (r"1\,2", "12"), ("9!", "9"),
    ("f'", "f"), ("40%", "4"), ("north", "south"), ("", "9"),
]  # fmt: skip


def boxed(said: str, gold: str) -> f.Sample:
    return f.Sample("", f"Thus \\boxed{{{said}}}.", gold)


def outcomes(load: Any, samples: list[f.Sample], **parameters: Any) -> list[str]:
    return [verdict.outcome for verdict in load("math-verify.py").score(samples, **parameters)]


def test_pairs(load: Any) -> None:
    pairs = [boxed(*pair) for pair in EQUAL + UNEQUAL]
    got = outcomes(load, pairs, processes=2)
    accepted = [
        (sample.completion, sample.answer)
        for sample, outcome in zip(pairs, got, strict=True)
        if outcome == "correct"
    ]
    assert accepted == [(s.completion, s.answer) for s in pairs[: len(EQUAL)]]


@pytest.mark.skipif(not CASES.exists(), reason="there are no shared cases here")
@pytest.mark.parametrize("wide", [False, True])
def test_shared_pairs(load: Any, wide: bool) -> None:
    rows = [json.loads(line) for line in CASES.read_text().splitlines()]
    samples = [f.Sample("", row["completion"], row["answer"]) for row in rows]
    options = {"expressions": wide, "without_anchor": wide}
    got = outcomes(load, samples, processes=2, **options)
    right = [row for row, outcome in zip(rows, got, strict=True) if outcome == "correct"]
    assert [row for row in right if not row["equal"]] == []
    assert len(right) >= 0.9 * sum(row["equal"] for row in rows)


def test_extraction(load: Any) -> None:
    thinking = f.Sample("", r"<think>\boxed{8}</think> so it is 8", "8")
    plain = f.Sample("", "That makes 8 eggs.", "8")
    assert outcomes(load, [thinking, plain]) == ["unparseable", "unparseable"]
    assert outcomes(load, [plain], expressions=True, without_anchor=True) == ["correct"]
    letter = f.Sample("", "The answer is C.", "C")
    assert outcomes(load, [letter], choices=["A", "B", "C"]) == ["correct"]
    published = f.Sample("", r"\boxed{72}", "so 72 clips.\n#### 72")
    assert outcomes(load, [published]) == ["correct"]


def test_nothing_hangs(load: Any) -> None:
    tower, deep = r"\boxed{9^{9^{9^9}}}", "\\boxed{" + "(" * 3000 + "8" + ")" * 3000 + "}"
    samples = [f.Sample("", text, "8") for text in (tower, deep, r"\boxed{8}")]
    first, second, third = load("math-verify.py").score(samples, time_limit=1)
    assert (first.outcome, first.reason) == ("time-out", "no verdict in 1 s of processor time")
    assert second.outcome in ("time-out", "unparseable")
    assert third.outcome == "correct"


def test_in_a_worker() -> None:
    """The library's own time limits would need the main thread, and a standard input."""
    file = ADAPTORS / "math-verify.py"
    text = f"import sys\nsys.path.insert(0, {str(ADAPTORS)!r})\nexec(open({str(file)!r}).read())"
    with Host(text, "math-verify.py") as host:
        host.make("reward", "math-verify")
        sample = {"prompt": "", "completion": r"\boxed{0.5}", "answer": r"\frac12", "id": "a"}
        given = {"samples": json.dumps([sample]).encode()}
        assert read(host.call("score", given, instance=1)[1]["scores"])[0]["outcome"] == "correct"
