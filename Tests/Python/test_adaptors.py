"""The adaptors that ship, found by their names, in runs of the built program."""

from __future__ import annotations

import json

import pytest
from conftest import Fulcrum, configuration, lines

SMALL = {"rollout": "{prompts: 4, samples: 4, max-new-tokens: 24}", "evaluation": "{items: 4}"}


def train(fulcrum: Fulcrum, **keys: str) -> str:
    text = configuration(steps=1, advantage="grpo", **{**SMALL, **keys})
    return fulcrum.run("train", fulcrum.write("c.yaml", text), "--set", "output=run")


def test_rows_of_a_parquet_file_judged_by_math_verify(fulcrum: Fulcrum) -> None:
    pytest.importorskip("math_verify")
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = [
        {
            "data_source": "sums",
            "prompt": [{"role": "user", "content": f"{i} + 1 = ?"}],
            "reward_model": {"style": "rule", "ground_truth": str(i + 1)},
        }
        for i in range(40)
    ]
    table = arrow.Table.from_pylist(rows)
    parquet.write_table(table, fulcrum.folder / "rows.parquet")
    task = (
        "{use: parquet, train: [rows.parquet], held-out-share: 0.2,"
        " answer-key: reward_model.ground_truth, category-key: data_source}"
    )
    reward, chat = "{use: math-verify, processes: 2}", "{template: plain}"
    said = train(fulcrum, task=task, reward=reward, chat=chat)
    assert "of 'sums'" in said
    sample = lines(fulcrum.folder / "run/samples/step-1.jsonl")[0]
    assert int(sample["prompt"].split()[0]) + 1 == int(sample["answer"])
    # The digest of the rows is kept: other rows are another run.
    assert "rows.parquet" in (fulcrum.folder / "run/run.yaml").read_text()


def test_puzzles_of_reasoning_gym_judged_by_its_scorers(fulcrum: Fulcrum) -> None:
    pytest.importorskip("reasoning_gym")
    task = "{use: reasoning-gym, dataset: leg_counting, config: '{\"max_animals\": 3}'}"
    said = train(fulcrum, task=task, reward="reasoning-gym")
    assert "of 'leg_counting'" in said


def test_the_trackers_that_ship_are_told(fulcrum: Fulcrum) -> None:
    for module in ("wandb", "mlflow", "trackio"):
        pytest.importorskip(module)
    train(fulcrum, trackers="[wandb project=sums, mlflow, trackio]")
    for name in ("wandb", "mlflow", "trackio"):
        kept = json.loads((fulcrum.folder / f"run/tracker-{name}.json").read_text())
        assert kept["id"] and kept["steps"]["reward"] == 1, name
