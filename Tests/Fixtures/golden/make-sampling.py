"""Writes sampling.json: cut distributions and draws, and where stop strings end completions.

Distributions are those of transformers' own logits processors, in float64 and in the order in
which its `generate` applies them. Draws are the definition's: the first token whose running sum
passes the uniform number. Ends are found by decoding every prefix anew, with Python's own decoder.
"""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import torch
from transformers import (
    LogitsProcessorList,
    MinNewTokensLengthLogitsProcessor,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

# No cut lies nearer than this to a token, and no uniform number to a border: so that single
# precision decides alike.
MARGIN = 1e-4
ENDS = [3, 41]
UNIFORMS = 12


def processors(case: dict[str, Any]) -> LogitsProcessorList:
    chain = LogitsProcessorList()
    if case["barsEnds"]:
        chain.append(MinNewTokensLengthLogitsProcessor(1, 1, ENDS, device="cpu"))
    chain.append(TemperatureLogitsWarper(case["temperature"]))
    if case["topK"]:
        chain.append(TopKLogitsWarper(case["topK"]))
    if case["topP"] < 1:
        chain.append(TopPLogitsWarper(case["topP"]))
    if case["minP"]:
        chain.append(MinPLogitsWarper(case["minP"]))
    return chain


def is_clear(case: dict[str, Any], logits: list[float]) -> bool:
    """Whether no cut is a matter of rounding."""
    z = torch.tensor(logits, dtype=torch.float64) / case["temperature"]
    if case["barsEnds"]:
        z[ENDS] = -torch.inf
    kept = z.softmax(-1).sort(descending=True).values
    if case["topK"]:
        kept = kept[: case["topK"]] / kept[: case["topK"]].sum()
    share = case["topP"] == 1 or (kept.cumsum(-1) - case["topP"]).abs().min() > MARGIN
    near = case["minP"] == 0 or (kept / kept[0] / case["minP"] - 1).abs().min() > MARGIN
    return bool(share and near)


def distribution(case: dict[str, Any], logits: list[float]) -> list[float]:
    scores = processors(case)(
        torch.tensor([[0]]), torch.tensor([logits], dtype=torch.float64))  # fmt: skip
    return scores.softmax(-1)[0].tolist()


def draws(probabilities: list[float], numbers: random.Random) -> list[dict[str, float]]:
    borders = [0.0]
    for p in probabilities:
        borders.append(borders[-1] + p)
    found: list[dict[str, float]] = []
    while len(found) < UNIFORMS:
        uniform = numbers.randrange(1 << 24) / (1 << 24)
        if min(abs(uniform - border) for border in borders) < MARGIN:
            continue
        token = next(k for k, (_, top) in enumerate(itertools.pairwise(borders)) if top > uniform)
        found.append({"uniform": uniform, "token": token})
    return found


def cut_cases() -> list[dict[str, Any]]:
    numbers = random.Random(2505)
    cases: list[dict[str, Any]] = []
    cuts = [
        {"topK": 0, "topP": 1.0, "minP": 0.1},
        {"topK": 0, "topP": 1.0, "minP": 0.5},
        {"topK": 0, "topP": 1.0, "minP": 0.003},
        {"topK": 0, "topP": 0.8, "minP": 0.05},
        {"topK": 0, "topP": 0.7, "minP": 0.0},
        {"topK": 9, "topP": 1.0, "minP": 0.2},
        {"topK": 20, "topP": 0.9, "minP": 0.02},
        {"topK": 7, "topP": 0.95, "minP": 0.3},
        {"topK": 5, "topP": 1.0, "minP": 0.0},
        {"topK": 0, "topP": 1.0, "minP": 0.0},
    ]
    for temperature, cut, bars in itertools.product((1.0, 0.6, 1.5), cuts, (False, True)):
        case: dict[str, Any] = {"temperature": temperature, **cut, "barsEnds": bars}
        logits: list[float] = []
        while not logits or not is_clear(case, logits):
            # No vector's multiple; unlike, since transformers keeps all of equal ones at a cut.
            steps = numbers.sample(range(-320, 320), 53)
            # An end token is the likeliest, so that barring it changes what min-p is a share of.
            steps[ENDS[0]] = 330
            logits = [step / 64 for step in steps]
        found = distribution(case, logits)
        cases.append(
            {**case, "logits": logits, "probabilities": found, "draws": draws(found, numbers)}
        )
    return cases


def count(text: str, stop: str) -> int:
    """How often a text has a stop string, overlapping ones too."""
    return sum(text.startswith(stop, place) for place in range(len(text)))


def end_of(case: dict[str, Any]) -> int | None:
    """The place of the token that ends a completion; None: none does."""
    pieces = [bytes.fromhex(piece) for piece in case["pieces"]]
    for place in range(case["minimum"], len(pieces)):
        before = b"".join(pieces[:place]).decode("utf-8", "replace")
        text = b"".join(pieces[: place + 1]).decode("utf-8", "replace")
        if any(count(text, s) > count(before, s) for s in case["stops"]):
            return place
    return None


def stop_cases() -> list[dict[str, Any]]:
    def case(
        name: str, pieces: list[str | bytes], stops: list[str], minimum: int = 0
    ) -> dict[str, Any]:
        own = [p.encode() if isinstance(p, str) else p for p in pieces]
        given = {"name": name, "pieces": [p.hex() for p in own], "stops": stops, "minimum": minimum}
        return {**given, "end": end_of(given)}

    tag = ["<", "ans", "wer", ">", "42", "</", "answer", ">", " and", " more"]
    cafe = "café ☕ ok".encode()
    cases = [
        case("over several tokens", tag, ["</answer>"]),
        case("within one token, with more behind it", ["a", "b</answer>\n\n", "c"], ["</answer>"]),
        case(
            "over two borders, begun anew after a false start",
            ["<", "</ans<", "/answer>"],
            ["</answer>"],
        ),
        case("its own beginning inside it", ["aa", "b", "aa", "a", "b"], ["aaab"]),
        case("one within another", ["x", "abc", "d"], ["abcd", "bc"]),
        case("the first of several", ["one ", "two ", "three"], ["three", "two"]),
        case("two that end in one token", ["ab", "cd"], ["bc", "abcd"]),
        case("a character in single bytes", [cafe[i : i + 1] for i in range(len(cafe))], ["é ☕"]),
        case("a border within a character", [cafe[:4], cafe[4:7], cafe[7:]], ["☕"]),
        case("bytes that are no character before it", [b"\xf0\x9f", "st", "op", b"\x80"], ["stop"]),
        case("half a character behind it in its token", ["st", b"op\xe2", b"\x98\x95"], ["stop"]),
        case("bytes of it in another character", ["Ã©", "é"], ["é"]),
        case("tokens without text between", ["st", "", "", "op"], ["stop"]),
        case("not there", ["<answer>", "</ans", "wer", "/>"], ["</answer>"]),
        case("line breaks", ["a\n", "\nb"], ["\n\n"]),
        case("all", ["stop"], ["stop"]),
        case("too early by one token", ["a", "STOP", "b", "STOP"], ["STOP"], 2),
        case("not too early", ["a", "STOP", "b"], ["STOP"], 1),
        case("begun too early, ended in time", ["S", "T", "OP", "b"], ["STOP"], 2),
        case("too early and never again", ["S", "TOP", "b", "c"], ["STOP"], 2),
        case("overlapping one that was too early", ["aa", "a", "a"], ["aa"], 2),
        case("a minimum beyond the end", ["STOP", "STOP"], ["STOP"], 5),
    ]
    # Texts of few letters, so that there are many near misses; long ones, so that ends are far on.
    numbers = random.Random(12929)
    for number in range(60):
        letters = "ab" if number % 2 else "aé☕\n"
        length = numbers.choice([30, 400])
        text = "".join(numbers.choice(letters) for _ in range(length)).encode()
        longest = 7 if length == 30 else 11
        stops = [
            "".join(numbers.choice(letters) for _ in range(numbers.randrange(4, longest)))
            for _ in range(numbers.randrange(1, 4))
        ]
        pieces: list[str | bytes] = []
        while text:
            size = numbers.choice([0, 1, 1, 1, 2, 3, 5])
            pieces.append(text[:size])
            text = text[size:]
        cases.append(case(f"random {number}", pieces, stops, numbers.choice([0, 0, 5])))
    return cases


if __name__ == "__main__":
    content = {"endTokens": ENDS, "cuts": cut_cases(), "stops": stop_cases()}
    print(json.dumps(content, ensure_ascii=True, indent=None, separators=(",", ":")))
