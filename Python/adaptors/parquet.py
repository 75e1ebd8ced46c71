"""A task from Parquet files: rows as verl and TRL have them, read by pyarrow.

A prompt is a text, or a list of messages (`role`, `content`) that is written in a chat markup. Keys
go into structures by dots: `reward_model.ground_truth`, `extra_info.answer`. Other columns are the
items' fields; bytes (pictures) are left out. All rows are read before the first step.
"""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

from support.chat import CHATS, Messages, conversation, written

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
    return value if value is None or isinstance(value, str) else json.dumps(value)


def prompt_of(value: Any, options: dict[str, Any]) -> tuple[str, Messages] | None:
    """The prompt's text and its messages; None for what is neither text nor conversation."""
    before, after = options["prefix"], options["suffix"]
    if isinstance(value, str):
        return before + value + after, []
    if (messages := conversation(value)) is None:
        return None
    messages[-1]["content"] = before + messages[-1]["content"] + after
    return written(messages, options["chat"]), messages


def read(parameter: str, files: list[str], options: dict[str, Any]) -> list[f.Item]:
    import pyarrow.parquet as pq

    prompt_key, answer_key, category_key = (
        options[f"{k}_key"] for k in ("prompt", "answer", "category")
    )
    mark, items = options["answer_after"], []
    for file in files:
        try:
            rows = pq.read_table(file).to_pylist()
        except (OSError, ValueError) as error:
            raise f.Refusal(f"no Parquet file that can be read: {error}", parameter) from None
        for number, row in enumerate(rows, start=1):
            place, hint = f"{file}:{number}", f"the row has {', '.join(row)}"
            value, answer = (
                dig(row, prompt_key),
                as_text(dig(row, answer_key)) if answer_key else "",
            )
            if (prompt := prompt_of(value, options)) is None:
                what = f"a text or messages of system, user and assistant at '{prompt_key}'"
                raise f.Refusal(f"{place}: expected {what}, got {value!r:.60}", "prompt_key", hint)
            if answer is None or mark not in answer:
                what = f"a text or number at '{answer_key}'" + (
                    f" with '{mark}' in it" if mark else ""
                )
                raise f.Refusal(f"{place}: expected {what}, got {answer!r:.60}", "answer_key", hint)
            answer = answer.rpartition(mark)[2].strip() if mark else answer
            used = (prompt_key, answer_key, category_key)
            fields = plain({key: v for key, v in row.items() if key not in used})
            category = as_text(dig(row, category_key)) or ""
            items.append(f.Item(prompt[0], answer, None, category, fields, prompt[1], None, place))
    return items


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
    prefix=f.text("", "text before each prompt, or before its last message"),
    suffix=f.text("", "text behind each prompt, or behind its last message"),
    chat=f.choice("chatml", CHATS, "the markup that messages are written in"),
)
def parquet(
    seed: int, train: list[str], held_out: list[str], held_out_share: float, **options: Any
) -> f.Task:
    items = read("train", train, options)
    if held_out:
        prompts, others = {item.prompt for item in items}, read("held_out", held_out, options)
        if twin := next((item for item in others if item.prompt in prompts), None):
            raise f.Refusal(f"{twin.location}: the prompt is a training prompt too", "held_out")
        return f.Task(items, others)

    def is_held_out(item: f.Item) -> bool:
        digest = hashlib.sha256(item.prompt.encode()).digest()
        return int.from_bytes(digest[:8], "big") < held_out_share * 2**64

    return f.Task([i for i in items if not is_held_out(i)], [i for i in items if is_held_out(i)])
