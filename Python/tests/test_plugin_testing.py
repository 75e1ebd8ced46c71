"""`fulcrum.testing`: plugins tried without a host."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
from plugin_host import PACKAGE
from test_worker import ARRAYS, NO_NUMPY, TRL

import fulcrum as f
from fulcrum.configuration import complete
from fulcrum.errors import Fault


def loaded(tmp_path: Path, text: str, name: str = "plugin.py") -> Any:
    (tmp_path / name).write_text(dedent(text))
    return f.testing.load(tmp_path / name)


def test_a_transform(tmp_path: Path) -> None:
    plugin = loaded(tmp_path, ARRAYS)
    given = f.testing.batch(
        completions=[[[2, 3], [4]]],
        rewards=[1, -1],
        columns={"old-log-probabilities": [-1, -2, 0], "entropies": [0, 0, 0]},
        step=4,
    )
    result = plugin.transform("damp-unlikely", [1, 1, -1], given, alpha=0.5)
    assert result.dtype == np.float32
    assert np.allclose(result, [0.5 * np.exp(-1) + 0.5, 0.5 * np.exp(-2) + 0.5, -1])
    assert plugin.metrics == {"damped": 1.0, "all": 1.0}
    with pytest.raises(f.Refusal, match=r"expected a number in 0\.\.\.1, got 2"):
        plugin.transform("damp-unlikely", [1, 1, -1], given, alpha=2)
    with pytest.raises(f.Refusal, match="unknown parameter 'beta'"):
        plugin.transform("damp-unlikely", [1, 1, -1], given, beta=2)
    with pytest.raises(Fault, match="expected one advantage-transform without a name"):
        plugin.transform([1, 1, -1], given)
    with pytest.raises(AttributeError, match="made without the column 'old-log-probabilities'"):
        bare = f.testing.batch([[[2], [4]]], [1, -1])
        plugin.transform("damp-unlikely", [1, -1], bare)
    with pytest.raises(ValueError, match="expected 2 rewards and 1 prompts, got 1 and 1"):
        f.testing.batch([[[2], [4]]], [1])
    with pytest.raises(ValueError, match="entropies: expected 2 values"):
        f.testing.batch([[[2], [4]]], [1, 2], columns={"entropies": [1]})


def test_a_schedule_and_objectives(tmp_path: Path) -> None:
    plugin = loaded(tmp_path, ARRAYS.replace("        assert", "        # assert"))
    given = f.testing.batch([[[1, 2, 3], [4]], [[5, 6], [7, 8]]], [1, -1, 0.5, 0])
    phases = plugin.phases(np.zeros(8), given)
    assert phases["low"].tolist() == [False] * 3 + [True] + [False] * 2 + [True] * 2
    text = ARRAYS[: ARRAYS.index("    @f.policy_objective")] + ARRAYS[ARRAYS.index(
        '    @f.policy_objective("curious"') :]  # fmt: skip
    plugin = loaded(tmp_path, text, "one.py")
    part = f.testing.objective_batch([2, 1], advantages=[1, 1, -1], log_probabilities=[-1, -1, 0])
    weights, _, entropy_weights, _ = plugin.weigh(part)
    assert np.allclose(weights, 1 / 3) and entropy_weights.tolist() == [1, 1, 1]


def test_rewards_and_tasks(tmp_path: Path) -> None:
    plugin = loaded(tmp_path, NO_NUMPY.replace('assert "numpy" not', "assert 1 or 1 not").replace(
        "assert sys.path[0]", "assert 1 or sys.path[0]"))  # fmt: skip
    scores = plugin.score([f.testing.sample("2", "2"), f.testing.sample("3", id="none")], bonus=1)
    assert scores[0] == f.Score(1, "correct")
    assert scores[1] == f.missing("the function gave None", "refused")
    task = plugin.task(seed=3)
    assert task.training_count == 3 and task.items(0, 1)[0].id == "train-0"
    assert [item.answer for item in task.held_out_items(1)] == ["0", "1"]
    assert plugin.task(seed=3, size=0).demonstration(2) == ("1 + 1 =", "2")
    f.testing.check(plugin)
    trl = loaded(tmp_path, TRL, "trl.py")
    chat = [{"role": "user", "content": "hi"}]
    sample = f.testing.sample("2", fields={"level": 1}, messages=chat)
    assert trl.score([sample, sample]) == [
        f.Score(1, "correct"),
        f.missing("the function gave None", "refused"),
    ]


CHECKED = """
    import fulcrum as f
    import numpy as np
    calls = []

    @f.advantage_transform("whiten", source="x", summary="x", needs=["rank", "top-tokens(1)"])
    def whiten(advantages, batch):
        assert batch.rank.ndim == 1 and batch.column("top-tokens(1)").ndim == 2
        return (advantages - advantages.mean()) / (advantages.std() + 1) if len(advantages) else []

    @f.advantage_transform("noise", source="x", summary="x")
    def noise(advantages, batch):
        return advantages + batch.random("noise").normal(size=len(advantages))

    @f.advantage_transform("stateful", source="x", summary="x")
    def stateful(advantages, batch):
        calls.append(1)
        return advantages + len(calls)

    @f.advantage_transform("first-counts", source="x", summary="x")
    def first_counts(advantages, batch):
        return advantages * (batch.sequence_of_token == 0)

    @f.update_scheduler("early", source="x", summary="x", needs=["entropies"])
    def early(advantages, batch):
        mask = batch.entropies > 0.5
        return [("sure", ~mask), ("unsure", mask)]

    @f.policy_objective("plain", source="x", summary="x", needs=["old-log-probabilities"])
    def plain(batch):
        ratio = np.exp(batch.log_probabilities - batch.old_log_probabilities)
        return ratio * batch.advantages * batch.shares, -ratio * batch.advantages * batch.shares

    @f.reward("relative", source="x", summary="x")
    def relative(samples):
        longest = max(len(s.completion) for s in samples)
        return [len(s.completion) / max(longest, 1) for s in samples]

    @f.task("leaky", source="x", summary="x")
    def leaky(seed):
        return f.Task([f.Item("a", "1"), f.Item("b", "2")], [f.Item("b", "2")])
"""


def test_checks_find_what_a_run_would_suffer_from(tmp_path: Path) -> None:
    plugin = loaded(tmp_path, CHECKED, "checked.py")
    for name in ("whiten", "noise", "early", "plain"):
        f.testing.check(plugin, name)
    for name, message in [
        ("stateful", "the same input gave other numbers"),
        ("first-counts", "groups in another order gave other numbers"),
        ("relative", "a sample's score depends on the others"),
        ("leaky", "held-out and training items share the prompt 'b'"),
    ]:
        with pytest.raises(AssertionError, match=f"{name}: {message}"):
            f.testing.check(plugin, name)


def test_parameters_are_accepted_as_the_host_does() -> None:
    declared = {
        "a_b": f.number(1),
        "lambda_": f.integer(2, 0, 5),
        "on": f.flag(False),
        "name": f.text("x"),
        "kind": f.choice("u", ["u", "v"]),
        "sizes": f.numbers([1], 0),
        "counts": f.integers([]),
        "names": f.texts(["p"]),
    }
    values = complete(declared, {})
    assert list(values) == list(declared) and values["sizes"] == [1.0] and values["a_b"] == 1.0
    assert isinstance(values["a_b"], float)
    given = {"a-b": 3, "lambda": 4, "name": 5, "sizes": 2, "counts": [1, 2], "names": "q"}
    values = complete(declared, given)
    assert values["name"] == "5" and values["sizes"] == [2.0] and values["names"] == ["q"]
    for name, value in [
        ("a-b", "1"),
        ("a-b", True),
        ("a-b", float("nan")),
        ("lambda", 2.5),
        ("lambda", 6),
        ("on", 1),
        ("kind", "w"),
        ("sizes", [-1]),
        ("counts", [1.5]),
        ("names", [True]),
    ]:
        with pytest.raises(f.Refusal, match=r"expected .*, got ") as refused:
            complete(declared, {name: value})
        assert refused.value.parameter == name
    # What a function does with its list stays with it.
    complete(declared, {})["names"].append("r")
    assert complete(declared, {})["names"] == ["p"]


def test_importing_the_package_imports_no_numpy() -> None:
    program = "import fulcrum, fulcrum.worker, sys; sys.exit('numpy' in sys.modules)"
    environment = {"PYTHONPATH": str(PACKAGE)}
    assert subprocess.run([sys.executable, "-c", program], env=environment).returncode == 0


def test_a_plugin_may_have_the_name_of_a_module(tmp_path: Path) -> None:
    text = "import fulcrum as f\n@f.reward('r', source='x', summary='x')\ndef r(s): return []"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded(tmp_path, text, "json.py")
        loaded(tmp_path, text, "json.py")
    import json

    assert json.loads("1") == 1
