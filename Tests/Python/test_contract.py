"""`plugin check` finds what is broken: a file for each promise that a Python file can break."""

from __future__ import annotations

import pytest
from conftest import Fulcrum

HEADS = {
    "advantage_transform": "def b(advantages, batch{more}):",
    "update_scheduler": "def b(advantages, batch{more}):",
    "policy_objective": "def b(batch{more}):",
    "reward": "def b(samples{more}):",
    "task": "def b(seed{more}):",
}
TRANSFORM, SCHEDULE, OBJECTIVE, REWARD, TASK = HEADS
# A kind, the promise, options of the decorator, the function's body; what stands before it.
BROKEN: list[tuple[str, str, str, str, str]] = [
    (TRANSFORM, "it loads within 500 ms", "", "return advantages", "time.sleep(0.6)"),
    (
        TRANSFORM,
        "the parameters, completed with defaults, make an instance",
        "check=refuse, a=f.number(1, help='h')",
        "return advantages",
        "def refuse(a): raise f.Refusal('never', parameter='a')",
    ),
    (
        TRANSFORM,
        "the ends of each parameter's range are accepted, or refused by name",
        "check=refuse, a=f.number(1, 0, 2, 'h')",
        "return advantages",
        "def refuse(a): 1 / (2 - a)",
    ),
    (
        TRANSFORM,
        "the same seed and input give the same bits",
        "",
        "return advantages * np.float32(time.monotonic() * 1000 % 1)",
        "",
    ),
    (
        TRANSFORM,
        "two instances don't change each other's results",
        "",
        "count.append(1); return advantages * len(count)",
        "count = []",
    ),
    (
        TRANSFORM,
        "a call leaves no trace on the next one",
        "",
        "count.append(1); return advantages * len(count)",
        "count = []",
    ),
    (TRANSFORM, "an empty batch is accepted", "", "return advantages - advantages.max()", ""),
    (
        TRANSFORM,
        "completions without tokens are accepted",
        "",
        "return batch.per_token(np.array([batch.tokens[o] for o in batch.offsets[:-1]]) * 1.0)",
        "",
    ),
    (
        TRANSFORM,
        "one sample of one token gets a finite advantage",
        "",
        "return advantages / advantages.std(ddof=1)",
        "",
    ),
    (
        TRANSFORM,
        "equal rewards get finite advantages",
        "",
        "return advantages / advantages.std()",
        "",
    ),
    (
        TRANSFORM,
        "extreme rewards and log-probabilities get finite advantages",
        "",
        "return advantages * np.float32(1e38)",
        "",
    ),
    (
        TRANSFORM,
        "the declared columns are columns that a host computes",
        "needs=['current-entropy']",
        "return advantages",
        "",
    ),
    (
        TRANSFORM,
        "the declared columns are all that is read",
        "",
        "return advantages * batch.levers",
        "",
    ),
    (
        TRANSFORM,
        "the order of groups is irrelevant",
        "",
        "return advantages - advantages[:1].sum()",
        "",
    ),
    (SCHEDULE, "there is at least one phase and one pass", "", "return {}", ""),
    (SCHEDULE, "a mask has one entry for each token", "", "return {'a': [True]}", ""),
    (
        SCHEDULE,
        "every token takes part in as many phases as there are passes",
        "passes=2",
        "return {'a': None}",
        "",
    ),
    (
        SCHEDULE,
        "phases have names, no two of them the same",
        "passes=2",
        "return [('a', None), ('a', None)]",
        "",
    ),
    (
        OBJECTIVE,
        "an empty mini-batch is accepted",
        "",
        "return batch.shares / batch.entropies.max(), batch.shares",
        "",
    ),
    (
        OBJECTIVE,
        "finite input gives finite weights, losses and metrics",
        "",
        "return batch.shares * np.inf, batch.shares",
        "",
    ),
    (
        OBJECTIVE,
        "an objective that is tokenwise needs no other token to weigh one",
        "tokenwise=True",
        "w = batch.shares * len(batch.shares); return w, -w * batch.log_probabilities",
        "",
    ),
    (
        OBJECTIVE,
        "pieces of whole sequences weigh as the whole does",
        "",
        "w = batch.shares * len(batch.shares); return w, -w * batch.log_probabilities",
        "",
    ),
    (
        OBJECTIVE,
        "tokens of share 0 have weights and losses of 0",
        "",
        "return batch.shares + 1, batch.shares",
        "",
    ),
    (
        OBJECTIVE,
        "weights are in proportion to the shares",
        "",
        "w = batch.shares ** 2; return w, -w * batch.log_probabilities",
        "",
    ),
    (
        OBJECTIVE,
        "weights are minus the slopes of the losses",
        "",
        "return batch.shares, batch.shares",
        "",
    ),
    (REWARD, "an answer that can't be used is named in the error", "", "return []", ""),
    (
        REWARD,
        "arbitrary text in the completion is scored, never an error",
        "",
        "return [float(len(s.completion.encode('ascii'))) for s in samples]",
        "",
    ),
    (
        REWARD,
        "a batch is scored as its samples are, in order",
        "",
        "return [len(samples)] * len(samples)",
        "",
    ),
    (
        TASK,
        "there are training items, each with an id and a prompt",
        "",
        "return f.Task(train=[], held_out=[])",
        "",
    ),
    (
        TASK,
        "items are functions of their index, in whatever order they are asked for",
        "",
        "return f.Task(train=lambda i: f.Item(str(time.time()), 'a', id=str(i)), held_out=[])",
        "",
    ),
    (
        TASK,
        "ids are distinct",
        "",
        "return f.Task(train=[f.Item(str(i), 'a', id='x') for i in range(9)], held_out=[])",
        "",
    ),
    (
        TASK,
        "held-out items are none of the training items or demonstrations",
        "",
        "return f.Task(train=[f.Item('p', 'a')], held_out=[f.Item('p', 'a')])",
        "",
    ),
    (
        TASK,
        "held-out items are the same for every seed",
        "",
        "return f.Task(train=[f.Item('p', 'a')], held_out=[f.Item(f'q{seed}', 'a')])",
        "",
    ),
]


@pytest.mark.parametrize(
    ("kind", "promise", "options", "body", "before"), BROKEN, ids=[one[1] for one in BROKEN]
)
def test_a_broken_promise_is_found(
    fulcrum: Fulcrum, kind: str, promise: str, options: str, body: str, before: str
) -> None:
    more = ", a" if "a=f." in options else ""
    text = (
        "import time\nimport fulcrum as f\nimport numpy as np\n"
        f"{before}\n@f.{kind}('b', source='x', summary='does wrong'{options and ', ' + options})\n"
        f"{HEADS[kind].format(more=more)}\n    {body}\n"
    )
    fulcrum.write("b.py", text)
    said = fulcrum.run("plugin", "check", "b", "--plugin-path", ".", status=1)
    faults = [line.split("FAULT", 1)[1].strip() for line in said.splitlines() if "FAULT" in line]
    assert promise in faults, said
