"""Stop strings: the cases that the kernel's StopMatcher has too, and real tokenizers."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from conftest import FIXTURES, TINY
from transformers import AutoTokenizer

from fulcrum_engine.errors import EngineError
from fulcrum_engine.stops import StopFinder
from fulcrum_engine.texts import Texts

CASES: list[dict[str, Any]] = json.loads((FIXTURES / "golden" / "sampling.json").read_text())[
    "stops"
]


class Pieces:
    """A tokenizer whose token n is the n-th of some bytes; counts the tokens that it decodes."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = pieces
        self.decoded = 0

    def decode_all(self, sequences: list[list[int]]) -> list[str]:
        self.decoded += sum(map(len, sequences))
        return [
            b"".join(self._pieces[token] for token in tokens).decode("utf-8", "replace")
            for tokens in sequences
        ]


def end_of(finder: StopFinder, tokens: list[int], sequence: int = 0) -> int | None:
    """The place of the token that ends a completion."""
    for place, token in enumerate(tokens):
        columns = (np.array([value]) for value in (sequence, token, place + 1))
        if finder.read(*columns)[0]:
            return place
    return None


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_ends_are_those_of_decoding_every_prefix(case: dict[str, Any]) -> None:
    pieces = [bytes.fromhex(piece) for piece in case["pieces"]]
    finder = StopFinder(case["stops"], Pieces(pieces).decode_all, case["minimum"])
    assert end_of(finder, list(range(len(pieces)))) == case["end"]


def test_completions_don_t_disturb_each_other() -> None:
    parts = [[bytes.fromhex(piece) for piece in case["pieces"]] for case in CASES[:13]]
    stops = sorted({stop for case in CASES[:13] for stop in case["stops"]})
    pieces = [piece for part in parts for piece in part]
    starts = np.cumsum([0, *map(len, parts)])
    alone = [
        end_of(StopFinder(stops, Pieces(pieces).decode_all), list(range(a, b)))
        for a, b in pairwise(starts)
    ]
    together: dict[int, int] = {}
    finder = StopFinder(stops, Pieces(pieces).decode_all)
    for place in range(max(map(len, parts))):
        live = [n for n, part in enumerate(parts) if place < len(part) and n not in together]
        if not live:
            break
        # Rows come in any order.
        rows = np.array(live[::-1] if place % 2 else live)
        found = finder.read(rows, starts[rows] + place, np.full(len(rows), place + 1))
        together.update({int(row): place for row in rows[found]})
    assert [together.get(n) for n in range(len(parts))] == alone


def test_a_long_completion_is_not_decoded_again_and_again() -> None:
    letters = [bytes([letter]) for letter in b"abcdefghij"]
    pieces = Pieces(letters)
    count = 5000
    tokens = np.random.default_rng(1).integers(0, 10, count).tolist()
    assert end_of(StopFinder(["</answer>"], pieces.decode_all), tokens) is None
    # A window grows to 4 · 9 + 16 characters and is halved: some 40 tokens on average, and once
    # more a half of it each 26 tokens.
    assert pieces.decoded < 45 * count


@pytest.mark.parametrize("name", TINY)
def test_real_tokenizers(name: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(FIXTURES / name)
    texts = Texts(tokenizer)
    text = "One ☕, two cafés: knights and knaves.</answer> and <answer>more</answer>\n\nbehind it."
    tokens = texts.encode(text).tolist()
    special = [token for token in tokenizer.all_special_ids if token is not None]
    # Special tokens have no text.
    tokens = [*tokens[:7], *special[:1], *tokens[7:]]
    for stops in (
        ["</answer>"],
        ["\n\n"],
        ["afés: k"],
        ["☕"],
        ["nowhere"],
        ["</answer>\n", "it."],
    ):
        for minimum in (0, 20):
            expected = None
            for place in range(minimum, len(tokens)):
                before = texts.decode(np.array(tokens[:place]), False)
                whole = texts.decode(np.array(tokens[: place + 1]), False)
                if any(whole.count(stop) > before.count(stop) for stop in stops):
                    expected = place
                    break
            assert end_of(StopFinder(stops, texts.decode_all, minimum), tokens) == expected
            assert minimum > 0 or (expected is None) == (stops == ["nowhere"])


@pytest.mark.parametrize(
    ("stops", "sentence"),
    [
        ([""], "expected a stop string with a character, got an empty one"),
        (["a"] * 33, "expected at most 32 stop strings, got 33"),
        (["é" * 129], "expected a stop string of at most 256 bytes, got 258: 'é"),
        (["a\ufffd"], "expected a stop string of readable characters, got 'a\ufffd' with U\\+FFFD"),
    ],
)
def test_what_can_t_be_looked_for_is_refused(stops: list[str], sentence: str) -> None:
    with pytest.raises(EngineError, match=sentence) as caught:
        StopFinder(stops, lambda sequences: [])
    assert caught.value.code == "usage"
