"""Programs that are told of a run: what they are told, and that they can't hurt it."""

from __future__ import annotations

import json

from conftest import Fulcrum, configuration, lines

NOTING = """
import sys
with open("told.jsonl", "a") as file:
    for line in sys.stdin:
        file.write(line)
        file.flush()
print("that was all", file=sys.stderr)
"""


def train(fulcrum: Fulcrum, trackers: str, *, status: int = 0, steps: int = 2) -> str:
    text = configuration(steps=steps, advantage="grpo", trackers=trackers)
    return fulcrum.run("train", fulcrum.write("c.yaml", text), "--set", "output=run", status=status)


def test_a_tracker_is_told_of_the_whole_run(fulcrum: Fulcrum) -> None:
    fulcrum.write("note.py", NOTING)
    said = train(fulcrum, '["./note.py project=mine depth=2 offline=false"]')
    assert "note: that was all" in said
    told = lines(fulcrum.folder / "told.jsonl")
    first, last = told[0], told[-1]
    assert first["type"] == "run" and first["name"] == "run"
    assert first["options"] == {"project": "mine", "depth": "2", "offline": False}
    assert first["configuration"]["steps"] == 2
    assert first["configuration"]["rollout"]["samples"] == 4
    assert last == {"type": "end", "status": "finished"}
    metrics = [one for one in told if one["type"] == "metrics"]
    assert [one["step"] for one in metrics] == [1, 2]
    written = lines(fulcrum.folder / "run/metrics.jsonl")
    assert [one["metrics"] for one in metrics] == written
    samples = [one for one in told if one["type"] == "samples"]
    assert samples[1]["samples"] == lines(fulcrum.folder / "run/samples/step-2.jsonl")
    evaluations = [one for one in told if one["type"] == "evaluation"]
    assert [one["step"] for one in evaluations] == [0, 2]
    assert 0 <= evaluations[0]["metrics"]["evaluation/2 people"] <= 1


def test_a_resumed_run_tells_what_is_new(fulcrum: Fulcrum) -> None:
    fulcrum.write("note.py", NOTING)
    train(fulcrum, "[./note.py]")
    before = len(lines(fulcrum.folder / "told.jsonl"))
    fulcrum.run("resume", "run", "--steps", "3")
    told = lines(fulcrum.folder / "told.jsonl")[before:]
    assert told[0]["directory"].endswith("run")
    assert [one["step"] for one in told if one["type"] == "metrics"] == [3]


def test_a_tracker_that_dies_is_told_of_and_the_run_goes_on(fulcrum: Fulcrum) -> None:
    fulcrum.write("dead.py", "import sys\nsys.stdin.readline()\nsys.exit(3)\n")
    said = train(fulcrum, "[./dead.py]", steps=3)
    assert "dead: it ended with status 3; it is told no more, and the run goes on" in said
    assert len(lines(fulcrum.folder / "run/metrics.jsonl")) == 3


def test_one_that_can_not_be_started_is_told_of(fulcrum: Fulcrum) -> None:
    fulcrum.write("not-a-program", "nothing")
    said = train(fulcrum, "[./not-a-program]")
    assert "the run goes on without it" in said


def test_unknown_ones_are_refused_before_anything_is_written(fulcrum: Fulcrum) -> None:
    said = train(fulcrum, "[wandbee]", status=2)
    assert "or a program's path with a '/', got 'wandbee'" in said
    said = train(fulcrum, '["./c.yaml loud"]', status=2)
    assert "expected options key=value behind './c.yaml', got 'loud'" in said
    assert not (fulcrum.folder / "run").exists()


def test_lines_are_json(fulcrum: Fulcrum) -> None:
    fulcrum.write("note.py", NOTING)
    train(fulcrum, "[./note.py]", steps=1)
    for line in (fulcrum.folder / "told.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=lambda name: (_ for _ in ()).throw(ValueError(name)))
