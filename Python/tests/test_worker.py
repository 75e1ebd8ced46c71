"""Every kind of component through a worker's process."""

from __future__ import annotations

import json
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arrays_of_calls import TOKENS, batch, minibatch
from plugin_host import Host, read

from fulcrum.wire import Op

ARRAYS = '''
    import fulcrum as f
    import numpy as np

    __version__ = "1.2"

    @f.advantage_transform("damp-unlikely", source="a beginning",
                           formula="A ← (α p + 1 − α) A", needs=["old-log-probabilities"],
                           alpha=f.number(0.3, 0, 1, "0: no change", meaning="token-damping"))
    def damp(advantages, batch, alpha):
        """A <- A (alpha pi + 1 - alpha)

        More of it.
        """
        batch.metric("damped", advantages, where=advantages > 0)
        batch.metric("all", 1.0)
        return advantages * (alpha * np.exp(batch.old_log_probabilities) + 1 - alpha)

    @f.advantage_transform("noise", source="x", summary="adds noise", needs=lambda k: [
        f"top-tokens({k})"], k=f.integer(2))
    def noise(advantages, batch, k):
        assert batch.column(f"top-tokens({k})").shape == (len(advantages), k)
        return advantages + batch.random("noise").random(len(advantages))

    @f.update_scheduler("halves", source="x", summary="two", passes=lambda times: times,
                        nesting="minibatch-by-minibatch", times=f.integer(1, 1))
    def halves(advantages, batch, times):
        assert batch.sequence_of_token.tolist() == [0, 0, 0, 1, 2, 2, 3, 3]
        assert batch.group_of_sequence.tolist() == [0, 0, 1, 1]
        assert batch.lengths.tolist() == [3, 1, 2, 2] and batch.finished.tolist()[1] is False
        assert batch.prompt_tokens.tolist() == [7, 8, 9] and batch.step == 3 and batch.seed == 7
        low = batch.per_token(batch.rewards) < 0.2
        return {"low": low, "high": ~low, **{f"all-{i}": None for i in range(1, times)}}

    @f.policy_objective("plain", source="x", summary="REINFORCE", tokenwise=True,
                        needs=["old-log-probabilities"])
    def plain(batch):
        weights = batch.shares * batch.advantages
        assert batch.group_of_sequence.tolist() == [0, 0] and batch.update == 2
        assert batch.minibatch_token_count == 40 and batch.minibatch_sequence_count == 9
        batch.metric("ratio", np.exp(batch.log_probabilities - batch.old_log_probabilities))
        return weights, -weights * batch.log_probabilities

    @f.policy_objective("curious", source="x", summary="entropy too", entropy=True)
    def curious(batch):
        return batch.shares, batch.shares, batch.entropies, batch.levers
'''
NO_NUMPY = '''
    import os
    import sys
    import fulcrum as f

    @f.reward("exact", source="x", correct_from=0.5, bonus=f.number(0.25))
    def exact(samples, bonus):
        """Exactly the answer"""
        assert "numpy" not in sys.modules
        assert sys.path[0] == os.path.dirname(os.path.abspath(__file__))
        assert "FULCRUM_ENGINE_TOKEN" not in os.environ
        for s in samples:
            if s.id == "none": yield None
            elif s.id == "nan": yield float("nan")
            elif s.id == "refused": yield f.missing("no verdict", "time-out")
            elif s.id == "parts": yield f.Score(0.2, parts={"format": 1})
            elif s.id == "unread": yield f.Score(0, "unparseable")
            else: yield bonus if s.completion == s.answer else s.fields.get("base", 0)

    @f.task("sums", source="x", summary="sums", size=f.integer(3))
    def sums(seed, size):
        def item(index):
            draw = f.random(seed, "sums", index)
            a, b = draw.integer(10), draw.integer(10)
            return f.Item(f"{a} + {b} =", str(a + b), fields={"a": a})
        held_out = [f.Item(f"{i} + 0 =", str(i), category="odd" if i % 2 else "even",
                           messages=[{"role": "user", "content": "é"}]) for i in range(5)]
        train = [item(i) for i in range(size)] if size else item
        return f.Task(train, held_out, None if size else [("1 + 1 =", "2"), ("2 + 2 =", "4")])
'''


def numbers(array: Any) -> Any:
    return np.asarray(array.values())


def test_array_kinds_through_a_process() -> None:
    column = np.full(TOKENS, -1, np.float32)
    with Host(ARRAYS) as host:
        header, arrays = host.call("describe")
        assert header == {"version": "1.2"}
        described = read(arrays["components"])
        assert [c["name"] for c in described] == [
            "damp-unlikely",
            "noise",
            "halves",
            "plain",
            "curious",
        ]
        assert described[0] == {
            "kind": "advantage-transform",
            "name": "damp-unlikely",
            "summary": "A <- A (alpha pi + 1 - alpha)",
            "formula": "A ← (α p + 1 − α) A",
            "source": "a beginning",
            "numpy": True,
            "parameters": [
                {
                    "name": "alpha",
                    "type": "number",
                    "default": 0.3,
                    "low": 0,
                    "high": 1,
                    "choices": None,
                    "help": "0: no change",
                    "meaning": "token-damping",
                }
            ],
        }
        made = host.make("advantage-transform", "damp-unlikely", {"alpha": 1})
        assert made == {"instance": 1, "needs": ["old-log-probabilities"]}
        given = batch(old_log_probabilities=column, entropies=column)
        header, arrays = host.call("transform", given, instance=1, step=3)
        assert arrays["advantages"].type == "f32"
        expected = given["advantages"] * np.exp(np.float32(-1))
        assert np.allclose(numbers(arrays["advantages"]), expected, rtol=1e-6)
        positive = float(given["advantages"][4:].sum(dtype=np.float64))
        assert header == {"metrics": [["damped", positive, 4], ["all", 1.0, 1]]}

        made = host.make("update-scheduler", "halves", {"times": 2})
        traits = {"passes": 2, "nesting": "minibatch-by-minibatch"}
        assert made == {"instance": 2, "needs": [], **traits}
        header, arrays = host.call("phases", batch(), instance=2, step=3)
        assert header["phases"] == [
            {"name": "low", "all": False},
            {"name": "high", "all": False},
            {"name": "all-1", "all": True},
        ]
        assert list(arrays) == ["mask-0", "mask-1"] and arrays["mask-0"].type == "u8"
        assert numbers(arrays["mask-0"]).tolist() == [0, 0, 0, 1, 0, 0, 1, 1]

        made = host.make("policy-objective", "plain")
        needs = ["old-log-probabilities"]
        assert made == {"instance": 3, "needs": needs, "tokenwise": True, "entropy": False}
        place = {"step": 3, "update": 2, "minibatchTokenCount": 40, "minibatchSequenceCount": 9}
        given = minibatch(old_log_probabilities=[-0.5, -1, -2, -0.25])
        header, arrays = host.call("weigh", given, instance=3, **place)
        assert header == {"metrics": [["ratio", 4.0, 4]]}
        assert numbers(arrays["weights"]).tolist() == [0.125, 0.125, 0.125, -0.5]
        assert numbers(arrays["losses"]).tolist() == [0.0625, 0.125, 0.25, -0.125]
        assert host.make("policy-objective", "curious")["entropy"] is True
        _, arrays = host.call("weigh", minibatch(), instance=4, **place)
        assert list(arrays) == ["weights", "losses", "entropyWeights", "entropyLosses"]
        assert numbers(arrays["entropyWeights"]).tolist() == [0.5, 1, 2, 0.25]
        host.call("release", instance=4)
        assert host.fails("weigh", minibatch(), instance=4, **place)["code"] == "usage"
        assert host.call("end") == ({}, {})
        assert host.process.wait(20) == 0


def test_draws_are_functions_of_seed_step_and_purpose() -> None:
    drawn = []
    for seed, step in [(7, 1), (7, 1), (7, 2), (2**64 - 1, 1)]:
        with Host(ARRAYS) as host:
            # What was drawn before doesn't matter.
            host.make("advantage-transform", "noise", {}, seed)
            given = {**batch(), "column:top-tokens(2)": np.zeros((TOKENS, 2), np.float32)}
            for at in (step + 5, step):
                _, arrays = host.call("transform", given, instance=1, step=at)
            drawn.append(numbers(arrays["advantages"]).tobytes())
    assert drawn[0] == drawn[1] and len(set(drawn)) == 3


def sample(**values: Any) -> dict[str, Any]:
    row = {"prompt": "1 + 1 =", "completion": "2", "answer": "2", "finished": True, "id": "a"}
    return {**row, "tokenCount": 1, "tokenLimit": None, "fields": {}, "messages": [], **values}


def scores(host: Host, *rows: dict[str, Any], instance: int = 1) -> Any:
    given = {"samples": json.dumps(rows).encode()}
    return read(host.call("score", given, instance=instance)[1]["scores"])


def test_a_reward_needs_no_numpy() -> None:
    with Host(NO_NUMPY) as host:
        assert [c["numpy"] for c in read(host.call("describe")[1]["components"])] == [False, False]
        assert host.make("reward", "exact") == {"instance": 1, "needs": []}
        rows = [sample(id=name) for name in ("none", "nan", "refused", "parts", "unread")]
        rows += [sample(), sample(completion="3", fields={"base": 0.5})]
        assert scores(host, *rows) == [
            {"outcome": "refused", "reason": "the function gave None"},
            {"outcome": "error", "reason": "the reward is NaN"},
            {"outcome": "time-out", "reason": "no verdict"},
            {"reward": 0.2, "outcome": "wrong", "parts": [["format", 1.0]]},
            {"reward": 0.0, "outcome": "unparseable", "parts": []},
            {"reward": 0.25, "outcome": "wrong", "parts": []},
            {"reward": 0.5, "outcome": "correct", "parts": []},
        ]


TRL = '''
    def reward(prompts, completions, answer, level, absent=None, **columns):
        """TRL's"""
        assert absent is None
        assert sorted(columns) == (["extra"] if "extra" in columns else [])
        print(prompts[0], completions[0])
        if isinstance(completions[0], list):
            assert prompts[0] == [{"role": "user", "content": "hi"}]
            assert completions[0] == [{"role": "assistant", "content": "2"}]
            return [1, None]
        assert level == [3, None] and columns["extra"] == [None, "x"]
        return [float(c == a) for c, a in zip(completions, answer)]
'''


def test_a_function_in_trls_form_is_a_reward() -> None:
    with Host(TRL, "math-trl.py") as host:
        (described,) = read(host.call("describe")[1]["components"])
        assert (described["kind"], described["name"]) == ("reward", "math-trl")
        assert described["summary"] == "TRL's" and described["parameters"] == []
        host.make("reward", "math-trl")
        rows = [sample(fields={"level": 3}), sample(completion="3", fields={"extra": "x"})]
        assert [s["outcome"] for s in scores(host, *rows)] == ["correct", "wrong"]
        chat = [{"role": "user", "content": "hi"}]
        rows = [sample(messages=chat, fields={"level": 3}), sample()]
        assert [s["outcome"] for s in scores(host, *rows)] == ["correct", "refused"]
        given = {"samples": json.dumps([sample()]).encode()}
        failure = host.fails("score", given, instance=1)
        assert failure["code"] == "plugin-fault" and "level" in failure["message"]
    # Only what is taken is passed, and what nobody has is told.
    with Host("def reward(completions, level): return [level[0]]", "r.py") as host:
        host.make("reward", "r")
        assert scores(host, sample(fields={"level": 3}))[0]["reward"] == 3
        given = {"samples": json.dumps([sample(fields={"levels": 3})]).encode()}
        failure = host.fails("score", given, instance=1)
        assert failure["message"] == "r: the function takes 'level', which no sample has"
        assert failure["code"] == "data" and "levels" in failure["hint"]


def test_tasks_through_a_process() -> None:
    with Host(NO_NUMPY) as host:
        made = host.make("task", "sums")
        traits = {"trainingCount": 3, "demonstrates": False, "demonstrationCount": None}
        assert made == {"instance": 1, "needs": [], **traits}
        items = read(host.call("items", instance=1, first=1, count=2)[1]["items"])
        assert [item["id"] for item in items] == ["train-1", "train-2"]
        assert items[0]["fields"].keys() == {"a"} and items[0]["category"] == ""
        assert items[0]["form"] is None and items[0]["location"] is None
        held_out = read(host.call("heldOut", instance=1, perCategory=2)[1]["items"])
        ids = ["held-out-0", "held-out-2", "held-out-1", "held-out-3"]
        assert [item["id"] for item in held_out] == ids
        assert held_out[0]["messages"] == [{"role": "user", "content": "é"}]
        endless = host.make("task", "sums", {"size": 0})
        assert endless["trainingCount"] is None and endless["demonstrates"] is True
        again = read(host.call("items", instance=2, first=1, count=2)[1]["items"])
        assert again == items
        text = read(host.call("demonstration", instance=2, index=3)[1]["text"])
        assert text == {"prompt": "2 + 2 =", "completion": "4"}
        failure = host.fails("demonstration", instance=1, index=3)
        assert failure["message"] == "the task has no demonstrations"


def test_prints_and_standard_input_leave_the_channel_alone() -> None:
    text = """
    import os, sys
    import fulcrum as f
    print("at import")
    @f.reward("r", source="x", summary="x")
    def r(samples):
        print("printed \\udc80")
        os.write(1, b"raw\\n")
        try:
            input()
        except EOFError:
            sys.stderr.write("no input\\n")
        return [1] * len(samples)
    """
    with Host(text) as host:
        host.make("reward", "r")
        assert scores(host, sample())[0]["reward"] == 1
        for line in ("at import", "printed", "raw", "no input"):
            assert line in host.printed()
        assert not list(host.folder.glob("**/*.pyc"))


POOL = """
    import atexit
    import concurrent.futures
    import multiprocessing
    import threading
    import time
    import fulcrum as f

    def judge(text):
        return len(text)

    @f.reward("r", source="x", summary="x", method=f.text("fork"), hang=f.flag(False))
    def r(samples, method, hang):
        if hang:
            threading.Thread(target=time.sleep, args=(1000,)).start()
        global pool
        pool = concurrent.futures.ProcessPoolExecutor(2, multiprocessing.get_context(method))
        atexit.register(print, "at exit")
        return list(pool.map(judge, [s.completion for s in samples]))
"""


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.parametrize("hang", [False, True])
def test_pools_of_processes_work_and_end_with_the_worker(method: str, hang: bool) -> None:
    with Host(POOL, "math-pool.py", PYTHONSAFEPATH="1") as host:
        host.make("reward", "r", {"method": method, "hang": hang})
        assert scores(host, sample(completion="123"))[0]["reward"] == 3
        host.call("end")
        # The host may go first.
        host.lifeline.close()
        host.calls.close()
        assert host.process.wait(20) == 0
        assert hang or "at exit" in host.printed()
        assert processes_of(host) == []


def test_the_worker_and_its_children_end_with_its_lifeline() -> None:
    text = """
    import os, time
    import fulcrum as f
    @f.reward("r", source="x", summary="x")
    def r(samples):
        if os.fork() == 0:
            print("forked", flush=True)
        time.sleep(1000)
    """
    with Host(text) as host:
        host.make("reward", "r")
        samples = {"samples": b"[]"}
        host.calls.send(Op.CALL, 2, {"call": "score", "instance": 1}, samples)
        end = time.monotonic() + 20
        while "forked" not in host.printed() and time.monotonic() < end:
            time.sleep(0.01)
        host.lifeline.close()
        assert host.process.wait(20) == -signal.SIGKILL
        time.sleep(0.1)
        assert processes_of(host) == []


def processes_of(host: Host) -> list[str]:
    """Those whose command names the plugin's file."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found += [text for text in [entry.read_text()] if str(host.folder) in text]
    return found
