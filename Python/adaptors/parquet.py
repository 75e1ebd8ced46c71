"""A task from Parquet files: rows as verl and TRL have them, read by pyarrow.

A prompt is a text, or a list of messages (`role`, `content`) that the host writes by the policy's
chat template. Keys go into structures by dots: `reward_model.ground_truth`, `extra_info.answer`.
Other columns are the items' fields; bytes (pictures) are left out. All rows are read before the
first step. A row with a completion, or whose messages end with the assistant's turn, is a
demonstration too.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from support.chat import Messages, conversation

import fulcrum as f


def dig(row: dict[str, Any], key: str) -> Any:
    """The value at a dotted key, or of the column that has the dots; None if there is none."""
    head, _, rest = key.partition(".")
    if key in row or not rest:
        return row.get(key)
    return dig(row[head], rest) if isinstance(row.get(head), dict) else None


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items() if not isinstance(v, bytes)}
    if isinstance(value, list):
        return [plain(element) for element in value if not isinstance(element, bytes)]
    if isinstance(value, float):
        return (int(value) if value.is_integer() else value) if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, int)) else str(value)


def as_text(value: Any) -> str | None:
    """An answer or category: 7 for 7.0, the element of a list of one, JSON for structures."""
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    value = plain(value)
    if value is None or isinstance(value, (str, bool)):
        return value if isinstance(value, str) else None
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def prompt_of(value: Any, options: dict[str, Any]) -> tuple[str, Messages] | None:
    """The prompt's text, or its messages; None for what is neither text nor conversation."""
    before, after = options["prefix"], options["suffix"]
    if isinstance(value, str):
        return before + value + after, []
    if (messages := conversation(value)) is None:
        return None
    messages[-1]["content"] = before + messages[-1]["content"] + after
    return "", messages


def completion_of(value: Any) -> str | None:
    """A completion: a text, or one message of the assistant's; None for what is neither."""
    messages = conversation([value] if isinstance(value, dict) else value) or []
    if len(messages) == 1 and messages[0]["role"] == "assistant":
        return messages[0]["content"]
    return value if isinstance(value, str) else None


class Rows:
    """Files' rows as items, and as pairs of prompt and completion where all have a completion."""

    def __init__(self, parameter: str, files: list[str], options: dict[str, Any]) -> None:
        self.parameter, self.options = parameter, options
        self.items: list[f.Item] = []
        self.pairs: list[tuple[Any, str]] = []
        for file in files:
            self._read(file)

    def _read(self, file: str) -> None:
        import pyarrow.parquet as pq

        try:
            rows = pq.read_table(file).to_pylist()
        except (OSError, ValueError) as error:
            reason = f"no Parquet file that can be read: {error}"
            raise f.Refusal(reason, self.parameter) from None
        for number, row in enumerate(rows, start=1):
            self._add(row, f"{file}:{number}")

    def _add(self, row: dict[str, Any], place: str) -> None:
        options, hint = self.options, f"the row has {', '.join(row)}"
        keys = [options[f"{k}_key"] for k in ("prompt", "answer", "category", "completion")]
        value, mark = dig(row, keys[0]), options["answer_after"]
        completion = completion_of(dig(row, keys[3])) if keys[3] else None
        turns = conversation(value)
        # The assistant's last turn is to be imitated, and no prompt may give it away.
        if turns and turns[-1]["role"] == "assistant":
            value, last = turns[:-1], turns[-1]["content"]
            completion = last if completion is None else completion
        if (prompt := prompt_of(value, options)) is None:
            what = f"a text or messages of system, user and assistant at '{keys[0]}'"
            raise f.Refusal(f"{place}: expected {what}, got {value!r:.60}", "prompt_key", hint)
        answer = as_text(dig(row, keys[1])) if keys[1] else ""
        found = dig(row, keys[1]) if keys[1] else ""
        is_structure = isinstance(found, dict) or (isinstance(found, list) and len(found) != 1)
        if answer is None or mark not in answer or (mark and is_structure):
            what = f"a text or number at '{keys[1]}'" + (f" with '{mark}' in it" if mark else "")
            raise f.Refusal(f"{place}: expected {what}, got {answer!r:.60}", "answer_key", hint)
        answer = answer.rpartition(mark)[2].strip() if mark else answer
        fields = plain({key: v for key, v in row.items() if key not in keys})
        category = as_text(dig(row, keys[2])) if keys[2] else ""
        if category is None:
            what = f"a text or number at '{keys[2]}'"
            raise f.Refusal(f"{place}: expected {what}, got none", "category_key", hint)
        self.items.append(f.Item(prompt[0], answer, None, category, fields, prompt[1], None, place))
        if completion is not None:
            self.pairs.append((prompt[0] or prompt[1], completion))

    @property
    def demonstrations(self) -> list[tuple[Any, str]]:
        return self.pairs if len(self.pairs) == len(self.items) else []


@f.task(
    "parquet",
    source="parquet.apache.org; rows as verl and TRL have them",
    summary="a task from Parquet files, with rows as verl and TRL have them",
    train=f.texts(None, "files to train on", meaning="data-file"),
    held_out=f.texts([], "files to evaluate on; a prompt in both is refused", meaning="data-file"),
    held_out_share=f.number(0, 0, 0.9, "without such files: the share of prompts to hold out"),
    prompt_key=f.text("prompt", "the prompt: a text or a list of messages"),
    answer_key=f.text("answer", "the answer, such as reward_model.ground_truth; empty: none"),
    answer_after=f.text("", "the answer is what its text has behind the last of these: ####"),
    category_key=f.text("", "by which accuracy is reported, such as data_source"),
    completion_key=f.text("completion", "a completion worth imitating, for 'fulcrum sft'"),
    prefix=f.text("", "text before each prompt, or before its last message"),
    suffix=f.text("", "text behind each prompt, or behind its last message"),
)
def parquet(
    seed: int, train: list[str], held_out: list[str], held_out_share: float, **options: Any
) -> f.Task:
    rows = Rows("train", train, options)
    if held_out:
        questions = {item.question for item in rows.items}
        others = Rows("held_out", held_out, options)
        if twin := next((item for item in others.items if item.question in questions), None):
            raise f.Refusal(f"{twin.location}: the prompt is a training prompt too", "held_out")
        return f.Task(rows.items, others.items, rows.demonstrations or None, others.demonstrations)

    def is_held_out(item: f.Item) -> bool:
        digest = hashlib.sha256(item.question.encode()).digest()
        return int.from_bytes(digest[:8], "big") < held_out_share * 2**64

    apart = [is_held_out(item) for item in rows.items]
    pairs = rows.demonstrations
    return f.Task(
        [item for item, out in zip(rows.items, apart, strict=True) if not out],
        [item for item, out in zip(rows.items, apart, strict=True) if out],
        [pair for pair, out in zip(pairs, apart, strict=False) if not out] or None,
        [pair for pair, out in zip(pairs, apart, strict=False) if out],
    )
