"""Parquet rows as verl and TRL have them."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

import fulcrum as f

pa = pytest.importorskip("pyarrow", reason="pyarrow is not installed")

VERL = [
    {
        "data_source": "sums" if i % 2 else "products",
        "prompt": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": f"{i}?"},
        ],
        "reward_model": {"style": "rule", "ground_truth": str(i)},
        "extra_info": {"index": i, "answer": f"so it is {i}\n#### {i}"},
        "picture": b"\x00\xff",
        "day": datetime.date(2024, 5, 1 + i),
        "level": float("nan") if i == 0 else 0.5 + i,
    }
    for i in range(6)
]


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    import pyarrow.parquet as pq

    pq.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


def test_verl(tmp_path: Path, load: Any) -> None:
    files = [write(tmp_path / "a.parquet", VERL[:4]), write(tmp_path / "b.parquet", VERL[4:])]
    task = load("parquet.py").task(
        train=files, answer_key="reward_model.ground_truth", category_key="data_source"
    )
    assert task.training_count == 6
    item = task.items(5, 1)[0]
    assert item.id == "train-5" and item.location == f"{files[1]}:2"
    assert (item.answer, item.category) == ("5", "sums")
    assert item.prompt == ""  # The host writes the messages.
    assert list(item.messages) == VERL[5]["prompt"]
    assert item.fields["extra_info"] == VERL[5]["extra_info"]
    assert item.fields["day"] == "2024-05-06" and item.fields["level"] == 5.5
    assert not {"picture", "prompt", "data_source"} & set(item.fields)
    assert task.items(0, 1)[0].fields["level"] is None


def test_answer_after_a_mark(tmp_path: Path, load: Any) -> None:
    plugin, file = load("parquet.py"), write(tmp_path / "a.parquet", VERL)
    options = {"train": [file], "answer_key": "extra_info.answer"}
    assert plugin.task(**options, answer_after="####").items(3, 1)[0].answer == "3"
    with pytest.raises(f.Refusal, match=r"a\.parquet:1: expected .* with 'QED' in it"):
        plugin.task(**options, answer_after="QED")


def test_trl(tmp_path: Path, load: Any) -> None:
    rows = [{"prompt": f"What is {i} + 1?", "answer": i + 1.0, "level": i} for i in range(200)]
    file = write(tmp_path / "a.parquet", rows)
    task = load("parquet.py").task(train=[file], held_out_share=0.2, suffix="\n")
    item = task.items(0, 1)[0]
    assert item.prompt.endswith("+ 1?\n") and not item.messages
    held = task.held_out_items(1000)
    assert 20 <= len(held) <= 60 and len(held) + task.training_count == 200
    assert held[0].answer == str(held[0].fields["level"] + 1)
    again = load("parquet.py").task(train=[file], held_out_share=0.2, suffix="\n", seed=5)
    assert again.held_out_items(1000) == held
    assert not {i.prompt for i in held} & {i.prompt for i in task.items(0, task.training_count)}


def test_refusals(tmp_path: Path, load: Any) -> None:
    plugin, file = load("parquet.py"), write(tmp_path / "a.parquet", VERL)
    options = {"train": [file], "answer_key": "reward_model.ground_truth"}
    with pytest.raises(f.Refusal, match=r"a\.parquet:1: the prompt is a training prompt too"):
        plugin.task(**options, held_out=[file])
    with pytest.raises(f.Refusal, match="at 'question', got None") as missing:
        plugin.task(**options, prompt_key="question")
    assert "the row has data_source, prompt" in str(missing.value.hint)
    with pytest.raises(f.Refusal, match="at 'answer', got None"):
        plugin.task(train=[file])
    with pytest.raises(f.Refusal, match="no Parquet file"):
        plugin.task(train=[str(tmp_path / "none.parquet")])
    (tmp_path / "text.parquet").write_text("{}")
    with pytest.raises(f.Refusal, match="no Parquet file"):
        plugin.task(train=[str(tmp_path / "text.parquet")])


def test_demonstrations(tmp_path: Path, load: Any) -> None:
    turns = [{"role": "user", "content": "1?"}, {"role": "assistant", "content": "one"}]
    said = [
        {"prompt": turns, "answer": ""},
        {"prompt": turns[:1], "completion": "1", "answer": ""},
    ]
    for name, rows in (("a", said[:1]), ("b", said[1:])):
        file = write(tmp_path / f"{name}.parquet", rows)
        task = load("parquet.py").task(train=[file], prefix="> ")
        assert task.demonstration_count == 1
        prompt, completion = task.demonstration(0)
        assert prompt == [{"role": "user", "content": "> 1?"}]
        assert completion == ("one" if name == "a" else "1")
        # The assistant's turn would give the answer away.
        assert list(task.items(0, 1)[0].messages) == prompt
    assert (
        load("parquet.py")
        .task(train=[write(tmp_path / "c.parquet", VERL)], answer_key="")
        .demonstrations
        is None
    )
