"""A reward by the PyPI library math-verify, with guards where the library alone is too kind.

By itself math-verify 0.9 accepts unequal pairs, for it drops what stands around a number. So here

- a box inside <think>…</think> is no answer;
- number words are multiplied (5 million is not 5); a word such as "not", "about" or "half", a sign
  such as ≈ and a base (101_2) must stand on both sides or on neither;
- units, where both sides have some, must be the same (5 m is not 5 cm);
- letters keep their case (b is not B), and two lists that repeat elements repeat the same ones;
- decimals are compared exactly (0.333333 is not 1/3).

Guards look at the last box, or else at the last $…$: in prose they see nothing but number words.
Writings that the library can't read are rewritten first (\\boxed 5, 1 000, −5, \\Large, 5€).

Other processes judge, for the library's own time limits need the main thread and can't end what
runs in C. A sample that takes too long ends its process and is missing with the outcome time-out:
`rollout.on-failure` says what becomes of it.
"""

from typing import Any

from support import processes as judging

import fulcrum as f


@f.reward(
    "math-verify",
    source="math-verify (Hugging Face, github.com/huggingface/Math-Verify)",
    summary="1 if the answer is mathematically equal to the reference, by math-verify with guards",
    check=lambda **_: judging.require("math_verify"),
    expressions=f.flag(False, "read plain numbers and expressions too, not only boxes and LaTeX"),
    choices=f.texts([], "texts that may be the answer, such as A, B, C, D (read in lower case)"),
    without_anchor=f.flag(
        False, "read the last LaTeX or number too, without a box or the word answer"
    ),
    boxed_priority=f.integer(0, -1, 1000, "0: boxes first; 50: behind 'final answer is'; -1: none"),
    extraction_mode=f.choice(
        "first-match", ["first-match", "any-match"], "any: go on until one can be read"
    ),
    strict=f.flag(True, "variables' names count, and a set is no tuple"),
    time_limit=f.number(5, 0.1, 600, "seconds of processor time for one sample"),
    processes=f.integer(1, 1, 64, "how many judge at a time"),
)
def math_verify(samples: list[f.Sample], processes: int, **options: Any) -> list[Any]:
    return judging.score("math_judge", samples, processes, options)
