"""What the host is told when a plugin fails, and that the worker goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arrays_of_calls import batch, minibatch
from plugin_host import PACKAGE, Gone, Host

HEAD = """import fulcrum as f
import numpy as np

@f.advantage_transform("damp", source="x", summary="x", needs=["entropies"], alpha=f.number(0))
def damp(advantages, batch, alpha):
    """
GOOD = batch(entropies=np.zeros(8), rank=np.zeros(8))


def transformed(body: str) -> Any:
    """The error of a transform with this body, which ends no worker."""
    with Host(HEAD + body + "\n") as host:
        host.make("advantage-transform", "damp")
        failure = host.fails("transform", GOOD, instance=1, step=1)
        host.make("advantage-transform", "damp")
        return failure


@pytest.mark.parametrize(
    ("body", "message", "where"),
    [
        ("return 1 / 0", "ZeroDivisionError: division by zero", "damp.py:6 in damp"),
        ("import sys; sys.exit(3)", "it called sys.exit(3)", "damp.py:6 in damp"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", "damp.py:6 in damp"),
        ("advantages[0] = 1", "ValueError: assignment destination is read-only", "damp.py:6 in"),
        ("batch.rewards[0] = 1", "ValueError: assignment destination is read-only", "damp.py:6"),
        ("batch.entropies[0] = 1", "ValueError: assignment destination is read-only", "damp.py:6"),
        ("batch.lengths[0] = 1", "ValueError: assignment destination is read-only", "damp.py:6"),
        (
            "return np.ones((3, 4))",
            "damp: expected 8 numbers, one for each token, got an array of shape (3, 4)",
            "damp.py:4 in damp",
        ),
        ("pass", "damp: expected 8 numbers, one for each token, got None", "damp.py:4 in damp"),
        (
            "return ['a'] * 8",
            "damp: expected 8 numbers, one for each token, got an array of <U1",
            "damp.py:4",
        ),
        ("return [[1], 2]", "damp: expected 8 numbers, one for each token, got [[1], 2]", "damp"),
        (
            "return np.where(np.arange(8) > 5, np.nan, 0)",
            "damp: expected finite numbers, got nan at token 6 and 1 more",
            "damp.py:4 in damp",
        ),
        ("return np.full(8, 1e39)", "damp: expected finite numbers, got inf at token 0", "damp"),
        (
            "return batch.rank",
            "AttributeError: the batch has no 'rank'; if it is a column, name it in the decorator: "
            "needs=['rank']",
            "damp.py:6 in damp",
        ),
        ("return batch.column('mass-above(0.1)')", "needs=['mass-above(0.1)']", "damp.py:6"),
        ("batch.metric('m', np.nan)", "ValueError: metric 'm': expected finite values", "damp.py"),
        ("raise f.Refusal('no such data', hint='look')", "no such data", "damp.py:6 in damp"),
        ("raise ValueError('\\udc80' + 'x' * 100000)", "ValueError: ?xxx", "damp.py:6 in damp"),
        ("import no_such_package", "has no usable package 'no_such_package'", "damp.py:6 in damp"),
        ("return damp(advantages, batch, alpha)", "RecursionError: maximum", "damp.py:6 in damp"),
    ],
)
def test_a_transform_that_fails(body: str, message: str, where: str) -> None:
    failure = transformed(body)
    assert message in failure["message"] and len(failure["message"]) <= 2000
    assert failure["where"].startswith(where)
    code = {"f.Refusal": "data", "no_such": "not-found"}
    expected = next((code[key] for key in code if key in body), "plugin-fault")
    assert failure["code"] == expected and "at" not in failure
    if "read-only" in message:
        assert failure["hint"] == "what a function is given is read-only: make a new array"


def test_a_fork_that_comes_back_ends_itself() -> None:
    with Host(HEAD + "import os; pid = os.fork(); return advantages + 0 * (pid == 0)\n") as host:
        host.make("advantage-transform", "damp")
        for _ in range(3):
            host.call("transform", GOOD, instance=1, step=1)
        assert host.call("end") == ({}, {})
        assert host.process.wait(20) == 0
        line = "damp.py: a process that it forked in the call 'transform' came back to the worker"
        assert line in host.printed()


def test_os_exit_closes_the_connection() -> None:
    with Host(HEAD + "import os; os._exit(5)\n") as host:
        host.make("advantage-transform", "damp")
        with pytest.raises(Gone):
            host.call("transform", GOOD, instance=1, step=1)
        assert host.process.wait(20) == 5


def described(text: str, name: str = "damp.py", **environment: str) -> Any:
    """The error of `describe`, which is the same when asked again."""
    with Host(text, name, **environment) as host:
        failure = host.fails("describe")
        assert host.fails("describe") == failure
        return failure


REWARD = "@f.reward('r', source='x', summary='x')\ndef r(samples): return []\n"


@pytest.mark.parametrize(
    ("text", "message", "where"),
    [
        ("x = 1", "damp.py registers nothing", None),
        ("def reward(samples): return []", "damp.py registers nothing", None),
        ("x = (", "SyntaxError: '(' was never closed", "damp.py:1"),
        ("import fulcrum as f\n1 / 0", "ZeroDivisionError: division by zero", "damp.py:2"),
        ("import sys\nsys.exit()", "it called sys.exit()", "damp.py:2"),
        (f"import fulcrum as f\n{REWARD}{REWARD}", "registers the reward 'r' twice", None),
        (
            "import fulcrum as f\n@f.reward('r', source='x', summary='x', a=f.number(1))\n"
            "def r(samples): return []",
            "expected a function of (samples, a); got an unexpected keyword argument 'a'",
            "damp.py:2",
        ),
        (
            "import fulcrum as f\n@f.reward('r', source='x')\ndef r(samples): return []",
            "reward 'r' has no summary",
            "damp.py:2",
        ),
        (
            "import fulcrum as f\n@f.reward('r', source='x', a=3)\ndef r(samples, a):\n  'x'",
            "expected f.number(…), f.text(…) or the like for 'a', got 3",
            "damp.py:2",
        ),
        (
            "import fulcrum as f\nf.number(3, 0, 1)",
            "expected a number in 0...1, got 3",
            "damp.py:2",
        ),
    ],
)
def test_a_file_that_cant_be_used(text: str, message: str, where: str | None) -> None:
    failure = described(text)
    assert message in failure["message"] and failure["code"] == "plugin-fault"
    # Python 3.10 takes the function's line for its decorator's.
    assert failure.get("where") in (where, where and where.replace("2", "3"))


def test_a_missing_package_comes_with_the_command_that_installs_it() -> None:
    failure = described("\nimport sklearn_x.parts")
    assert failure["code"] == "not-found" and failure["where"] == "damp.py:2"
    assert failure["hint"] == f"{sys.executable} -m pip install sklearn_x"
    assert described("import json.nothing")["code"] == "plugin-fault"


@pytest.mark.parametrize(
    "raised",
    ["ModuleNotFoundError(\"No module named 'numpy'\", name='numpy')", "ImportError('so')"],
)
def test_without_numpy_rewards_work_and_arrays_say_what_is_missing(
    raised: str, tmp_path: Path
) -> None:
    (tmp_path / "numpy").mkdir()
    (tmp_path / "numpy" / "__init__.py").write_text(f"raise {raised}")
    path = f"{PACKAGE}:{tmp_path}"
    install = f"{sys.executable} -m pip install numpy"
    failure = described(HEAD + "return advantages", PYTHONPATH=path)
    assert failure["code"] == "not-found" and failure["where"] == "damp.py:2"
    assert failure["hint"] == install
    text = (HEAD + "return advantages\n" + REWARD).replace("import numpy as np", "")
    with Host(text, PYTHONPATH=path) as host:
        host.call("describe")
        host.make("reward", "r")
        host.call("score", {"samples": b"[]"}, instance=1)
        failure = host.fails(
            "make", kind="advantage-transform", name="damp", parameters={}, seed="1"
        )
        assert failure["code"] == "not-found" and failure["hint"] == install


def made(text: str, kind: str, name: str, /, **parameters: Any) -> Any:
    with Host("import fulcrum as f\n" + text) as host:
        return host.fails("make", kind=kind, name=name, parameters=parameters, seed="7")


def test_parameters_are_refused_by_their_names_in_configurations() -> None:
    reward = (
        "def check(clip_low, kind):\n  if clip_low > 0.5: raise f.Refusal('odd', 'clip_low', 'h')\n"
        "@f.reward('r', source='x', summary='x', check=check, clip_low=f.number(None, 0, help='h'),"
        " kind=f.choice('a', ['a', 'b']))\ndef r(samples, clip_low, kind): return []"
    )
    failure = made(reward, "reward", "r", **{"clip-low": 1})
    assert failure == {
        "message": "odd",
        "code": "parameter",
        "at": "clip-low",
        "hint": "h",
        "where": "damp.py:3 in check",
    }
    failure = made(reward, "reward", "r")
    assert failure["message"] == "expected a number of at least 0, got nothing"
    failure = made(reward, "reward", "r", **{"clip-low": "x"})
    assert failure["message"] == "expected a number of at least 0, got 'x'"
    assert failure["code"] == "parameter" and failure["at"] == "clip-low"
    failure = made(reward, "reward", "r", **{"clip-lov": 1})
    assert failure["message"] == "unknown parameter 'clip-lov'" and failure["at"] == "clip-lov"
    assert failure["hint"] == "did you mean 'clip-low'?"
    failure = made(reward, "reward", "r", **{"clip-low": 0, "kind": "c"})
    assert failure["message"] == "expected one of a, b, got 'c'"
    failure = made(reward, "reward", "s")
    assert failure["code"] == "not-found" and failure["hint"] == "known: r"


def test_tasks_that_fail() -> None:
    task = "@f.task('t', source='x', summary='x', size=f.integer(1))\ndef t(seed, size): "
    failure = made(task + "raise f.Refusal('too small', 'size')", "task", "t")
    assert (failure["code"], failure["at"]) == ("parameter", "size")
    failure = made(task + "return [1]", "task", "t")
    assert failure["message"] == "t: expected an f.Task(…), got [1]"
    assert failure["where"] == "damp.py:2 in t"
    failure = made(task + "return f.Task([f.Item('a', 3)], [])", "task", "t")
    assert failure["message"] == "TypeError: an item's answer is a text, not 3"
    text = (
        "import fulcrum as f\n"
        + task
        + ("return f.Task([3, f.Item('', '', fields={'x': 1e999}), f.Item('\\udc80', '')], [])")
    )
    with Host(text) as host:
        host.make("task", "t")
        failures = [host.fails("items", instance=1, first=i, count=1) for i in range(4)]
    messages = [failure["message"] for failure in failures]
    assert messages[0] == "train item 0: expected an f.Item(…), got 3"
    assert messages[1].startswith("expected what JSON can hold")
    assert messages[2].startswith("expected what JSON can hold")
    assert messages[3].startswith("IndexError")


def scored(result: str) -> Any:
    text = (
        f"import fulcrum as f\n@f.reward('r', source='x', summary='x')\ndef r(s): return {result}"
    )
    row = {"prompt": "", "completion": "", "answer": "", "finished": True, "id": ""}
    with Host(text) as host:
        host.make("reward", "r")
        return host.fails("score", {"samples": json.dumps([row] * 2).encode()}, instance=1)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("None", "r: expected a list of 2 entries, got None (NoneType)"),
        ("'ab'", "r: expected a list of 2 entries, got 'ab' (str)"),
        ("[1]", "r: expected 2 entries, one for each sample, got 1"),
        (
            "[1, 'good']",
            "r: sample 1: expected a number, f.Score(…), f.missing(…) or None, got 'good' (str)",
        ),
        ("[f.missing('x', 'correct')] * 2", "an outcome without a score is one of"),
    ],
)
def test_rewards_that_fail(result: str, message: str) -> None:
    assert message in scored(result)["message"]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("None", "s: expected phases as {name: mask}, got None"),
        ("{}", "s: expected at least one phase, got none"),
        ("advantages > 0", "s: expected phases as {name: mask}, got array("),
        ("{'a': [1] * 8}", "s: phase 'a': expected 8 booleans, one for each token, got int64"),
        ("{'a': [True]}", "got bool of shape (1,)"),
        ("[('a', None), ('a', None)]", "s: expected phases of different names, got 'a' twice"),
        ("['a']", "s: expected phases as {name: mask}, got ['a'] (list)"),
        ("{'a': advantages > 0}", "s: expected every token in 1 of the phases, got token 0 in 0"),
    ],
)
def test_schedules_that_fail(result: str, message: str) -> None:
    text = "import fulcrum as f\n@f.update_scheduler('s', source='x', summary='x')\n"
    with Host(f"{text}def s(advantages, batch): return {result}") as host:
        host.make("update-scheduler", "s")
        assert message in host.fails("phases", GOOD, instance=1, step=1)["message"]


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ("batch.shares", "o: expected (weights, losses), got array([0.125, 0.125"),
        ("(batch.shares,) * 3", "o: expected (weights, losses), got 3 of them"),
        ("batch.shares, 0", "o: losses: expected 4 numbers, one for each token, got an array of"),
    ],
)
def test_objectives_that_fail(result: str, message: str) -> None:
    text = "import fulcrum as f\n@f.policy_objective('o', source='x', summary='x')\n"
    place = {"step": 1, "update": 0, "minibatchTokenCount": 4, "minibatchSequenceCount": 2}
    with Host(f"{text}def o(batch): return {result}") as host:
        host.make("policy-objective", "o")
        assert message in host.fails("weigh", minibatch(), instance=1, **place)["message"]


def test_an_answer_that_is_too_long_is_an_error() -> None:
    failure = transformed("[batch.metric(f'm{i:099}', 1) for i in range(999)]; return advantages")
    assert failure["message"].startswith("its answer can't be sent: a header has at most 65536")


def test_another_plugins_file_may_be_imported() -> None:
    text = "import fulcrum as f\nimport other\n@f.reward('r', source='x', summary='x')\n"
    with Host(text + "def r(samples): return [other.r([])]", "math-x.py") as host:
        (host.folder / "other.py").write_text("import fulcrum as f\n" + REWARD)
        listed = json.loads(host.call("describe")[1]["components"].text())
        assert [component["name"] for component in listed] == ["r"]


def test_by_hand_it_says_who_starts_it() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fulcrum.worker", "x.py"],
        env={"PYTHONPATH": str(PACKAGE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2 and "starts it for a plugin's file" in done.stderr


def test_an_old_python_is_told_so() -> None:
    text = (PACKAGE / "fulcrum" / "__init__.py").read_text()
    program = "import sys; sys.version_info = (3, 9); sys.version = '3.9.1 x'\n" + text
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr == "fulcrum needs Python 3.10 or newer; this is 3.9.1\n"
