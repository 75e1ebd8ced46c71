"""What math-verify.py asks: is the completion's answer equal to the reference?

The docstring there says which guards there are, and why.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import math_verify as library
from latex2sympy2_extended.math_normalization import extract_boxed_content
from sympy import Float, Rational

POWERS = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
# Writings that the library can't read, or reads as another number; in this order.
REWRITES: list[tuple[str, Any]] = [
    (r"(?s)^.*</think>", ""),
    (r"per\s+cent(?![a-z])", "percent"),
    (r"[–−]", "-"),
    (r"×", r"\\times "),
    (r"≈", r"\\approx "),
    (r"\\not\s*=|\\neq(?![a-z])|≠", r"\\ne "),
    (r"\\(?:Large|large|bf|bm|ensuremath|left\.|right\.)(?![a-z])", ""),
    (r"\\hspace\{[^{}]*\}|\\(?:text)?color\{\w+\}", ""),
    (r"\\(?:fbox|framebox|boxed)\s*(?=\{)", r"\\boxed"),
    (r"\\(?:fbox|framebox|boxed)\s*(\\text\{[^{}]*\}|\d(?!\d))", r"\\boxed{\1}"),
    (r"(?<=[^\s{\\])(?:[.,;]|\\\\)\s*(?=\})", ""),  # A stop at the end of a box.
    (r"(?<=\d)(?:[ _~\xa0\u202f]|\\[,; ])(?=\d{3}(?!\d))", ""),  # 1 000
    (
        rf"(?<=\d)\s*(\\text\{{)?\s*({'|'.join(POWERS)})s?(?![a-z])",
        lambda match: rf"\cdot 10^{{{POWERS[match[2]]}}}{match[1] or ' '}",
    ),
]
WORDS = r"\\(?:text|math|mbox)\w*\s*\{([^{}]*)\}"
# What changes a number, and the library drops: it stands on both sides or on neither.
MARKS = (
    r"\\(?:approx|sim|pm|mp|ne|neg|prime|[bp]?mod)(?![a-z])|(?<=\d)_\w+|(?<=\w)'|text\{\s*k\s*\}"
    r"|\d\s*\\text\{(?!\s*(?:and|or)\s)[^{}]*\}\s*\d+|\b(?:not|no|never|about|approx\w*|around"
    r"|roughly|nearly|almost|less|more|fewer|least|most|over|under|below|above|half|twice|double"
    r"|triple|negative|minus|plus|times|squared|cubed|dozen|score|pair|[ap]m|noon|midnight|tenths?"
    r"|\w*(?:hundred|thousand|illion)\w*)\b"
)


def rewrite(text: str) -> str:
    for pattern, replacement in REWRITES:
        text = re.sub(pattern, replacement, text)
    return text


def units(text: str) -> set[str]:
    """Words (a letter counts in \\text{…} and behind a number), exponents, °, %, currencies."""
    text = re.sub(r"\\circ|\bdegrees?\b", "°", text)
    bare = re.sub(rf"{WORDS}|\\[A-Za-z]+", " ", text)
    words = re.findall(r"[A-Za-z]{2,}|(?<=\d )[A-Za-z]\b", bare)
    words += re.findall(r"[A-Za-z]+", " ".join(re.findall(WORDS, text)))
    exponents = re.findall(r"[A-Za-z]\}?\s*\^\{?(-?\d+)", text) if words else []
    words = [word.lower() if len(word) > 2 or word.istitle() else word for word in words]
    words = [word.rstrip("s") if len(word) > 3 else word for word in words]
    return {*words, *exponents, *re.findall(r"[°%€£¥]|\\\$", text)} - {"and", "or", "percent"}


def agree(said: str, gold: str) -> bool:
    """Whether what the library overlooks is the same in both boxes."""
    both = [re.sub(r"\\left|^\s+|(?<=_)\{(?=\w+\})", "", text) for text in (said, gold)]
    marks = [re.findall(MARKS, text.lower()) for text in both]
    letters = [set(re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", text)) for text in both]
    other_case = {x.swapcase() for x in letters[0] - letters[1]} & letters[1]
    other_case |= {x.swapcase() for x in letters[1] - letters[0]} & letters[0]
    lists = [Counter(re.sub(r"[\s{}\\]", "", text).split(",")) for text in both]
    repeats = all(max(counts.values()) > 1 for counts in lists)
    opens = {text[:2] if text.startswith("\\{") else text[:1] for text in both}
    one, other = units(both[0]), units(both[1])
    return (
        set(marks[0]) == set(marks[1])
        and (one == other or not one or not other)
        and not other_case
        and not (repeats and lists[0] != lists[1])
        and not ("\\{" in opens and opens & {"(", "["})
    )


def judge(sample: dict[str, Any], options: dict[str, Any]) -> tuple[float | None, str]:
    anchors = {"try_extract_without_anchor": options["without_anchor"]}
    priority = options["boxed_priority"]
    targets = [library.LatexExtractionConfig(boxed_match_priority=priority, **anchors)]
    if options["expressions"]:
        targets.append(library.ExprExtractionConfig(**anchors))
    if options["choices"]:
        targets.append(library.StringExtractionConfig(tuple(options["choices"]), **anchors))
    mode = options["extraction_mode"].replace("-", "_")

    def read(text: str) -> tuple[list[Any], str]:
        """What the library reads, decimals made exact, and the text for the guards."""
        plain = re.sub(r"[€£¥]", "", text)
        values = library.parse(plain, targets, extraction_mode=mode, parsing_timeout=None)
        for i, value in enumerate(values):
            if hasattr(value, "atoms"):
                exact = {number: Rational(str(number)) for number in value.atoms(Float)}
                values[i] = value.xreplace(exact)
        if "\\boxed" in text:
            return values, extract_boxed_content(text, "last")
        maths = re.findall(r"\$([^$]+)\$|\\\((.+?)\\\)|\\\[(.+?)\\\]", text, re.DOTALL)
        return values, "".join(maths[-1]) if maths else ""

    answer = sample["answer"].rpartition("####")[2].strip()
    gold, gold_text = read(rewrite(answer if "\\boxed" in answer else f"\\boxed{{{answer}}}"))
    said, said_text = read(rewrite(sample["completion"]))
    if not gold:
        return None, "refused"
    if not said:
        return 0.0, "unparseable"
    equal = agree(said_text, gold_text) and library.verify(
        gold, said, numeric_precision=30, strict=options["strict"], timeout_seconds=None
    )
    return (1.0, "correct") if equal else (0.0, "wrong")
