"""Trackers: a run, then the same run resumed, by the real libraries; and the lines' own rules."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

TRACKERS = Path(__file__).resolve().parents[1] / "trackers"
FAKE = """
import sys
sys.path.insert(0, {folder!r})
from shared.lines import main

class Fake:
    def __init__(self, run):
        self.file = run.directory / "logged.txt"
        run.known_options(("project",))
        print("a library's own words")
    def log(self, step, metrics):
        with self.file.open("a") as file: print(step, metrics, file=file)
    log_samples = log
    def finish(self, status):
        self.log(-1, status)
main("fake", Fake)
"""


def track(program: Path, directory: Path, *messages: dict[str, Any], **options: Any) -> Any:
    run = {
        "type": "run",
        "name": "first try",
        "directory": str(directory),
        "configuration": {"rollout": {"samples": 8}},
        "options": options,
    }
    lines = "".join(json.dumps(message) + "\n" for message in (run, *messages))
    environment = {**os.environ, "TRACKIO_DIR": str(directory / "trackio")}
    command = [sys.executable, str(program)]
    return subprocess.run(command, input=lines, capture_output=True, text=True, env=environment)


def metrics(step: int, value: float, **others: float | None) -> dict[str, Any]:
    return {"type": "metrics", "step": step, "metrics": {"reward/mean": value, **others}}


def evaluation(step: int) -> dict[str, Any]:
    return {"type": "evaluation", "step": step, "metrics": {"accuracy": 0.25}}


SAMPLE = {"prompt": "1 + 1?", "completion": "2", "reward": 1.0, "outcome": "correct"}
SAMPLES = {"type": "samples", "step": 2, "samples": [SAMPLE]}
END = {"type": "end", "status": "finished"}


def twice(name: str, directory: Path) -> str:
    """A run of two steps, and one that resumes it at step 2; gives its id."""
    pytest.importorskip(name, reason=f"{name} is not installed")
    ids = []
    for last in ([metrics(1, 0.5), metrics(2, 0.625)], [metrics(2, 9.0), metrics(3, 0.75)]):
        done = track(TRACKERS / f"{name}.py", directory, *last, evaluation(2), SAMPLES, END)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        ids.append(json.loads((directory / f"tracker-{name}.json").read_text())["id"])
    assert ids[0] == ids[1]
    return str(ids[0])


def test_trackio(tmp_path: Path) -> None:
    identity = twice("trackio", tmp_path)
    base = sqlite3.connect(tmp_path / "trackio" / "fulcrum.db")
    rows = base.execute("select run_name, step, metrics from metrics order by id").fetchall()
    assert {row[0] for row in rows} == {f"first try-{identity}"}
    logged = [(step, json.loads(text)) for _, step, text in rows]
    values = [(step, m["reward/mean"]) for step, m in logged if "reward/mean" in m]
    assert values == [(1, 0.5), (2, 0.625), (3, 0.75)]
    assert [(s, m["evaluation/accuracy"]) for s, m in logged if "evaluation/accuracy" in m] == [
        (2, 0.25)
    ]
    assert sum("samples" in m for _, m in logged) == 1


def wandb_records(file: bytes) -> Iterator[bytes]:
    """The records of LevelDB's log format, behind a header of 7 bytes: blocks of 32 KiB."""
    at, record = 7, b""
    while at + 7 < len(file):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768
        length, kind = int.from_bytes(file[at + 4 : at + 6], "little"), file[at + 6]
        record += file[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # Whole, or the last part.
            yield record
            record = b""


def test_wandb(tmp_path: Path) -> None:
    identity = twice("wandb", tmp_path)
    from wandb.proto import wandb_internal_pb2 as records

    folders = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert len(folders) == 2 and all(folder.name.endswith(identity) for folder in folders)
    values = []
    for folder in folders:
        for data in wandb_records((folder / f"run-{identity}.wandb").read_bytes()):
            record = records.Record()
            record.ParseFromString(data)
            row = {
                "/".join(item.nested_key) or item.key: json.loads(item.value_json)
                for item in record.history.item
            }
            if "reward/mean" in row:
                values.append((row["step"], row["reward/mean"]))
    assert values == [(1, 0.5), (2, 0.625), (3, 0.75)]


def test_mlflow(tmp_path: Path) -> None:
    identity = twice("mlflow", tmp_path)
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=f"sqlite:///{tmp_path}/mlflow.db")
    history = client.get_metric_history(identity, "reward/mean")
    assert sorted((m.step, m.value) for m in history) == [(1, 0.5), (2, 0.625), (3, 0.75)]
    run = client.get_run(identity)
    assert run.data.params == {"rollout.samples": "8"} and run.info.status == "FINISHED"
    assert run.data.metrics["evaluation/accuracy"] == 0.25
    assert [file.path for file in client.list_artifacts(identity, "samples")] == ["samples/2.json"]


@pytest.fixture
def fake(tmp_path: Path) -> Path:
    file = tmp_path / "fake.py"
    file.write_text(FAKE.format(folder=str(TRACKERS)))
    return file


def test_lines(fake: Path, tmp_path: Path) -> None:
    strange = {"type": "strange"}
    holes = metrics(4, 0.5, gone=None, odd=float("nan"))
    done = track(fake, tmp_path, strange, metrics(3, 1), holes, metrics(4, 2, late=7), project="p")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (tmp_path / "logged.txt").read_text().splitlines() == [
        "3 {'reward/mean': 1.0}",
        "4 {'reward/mean': 0.5}",
        "4 {'late': 7.0}",
        "-1 stopped",
    ]
    assert (tmp_path / "tracker-fake.log").read_text() == "a library's own words\n"


def test_problems(fake: Path, tmp_path: Path) -> None:
    done = track(fake, tmp_path, entity="me")
    assert done.returncode == 1
    assert done.stderr == "fake: unknown option 'entity'; known: project\n"
    done = track(fake, tmp_path / "none")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    broken = subprocess.run([sys.executable, fake], input="{", capture_output=True, text=True)
    assert broken.stderr == "fake: line 1: expected a JSON object with a type\n"


@pytest.mark.parametrize("name", ["trackio", "wandb", "mlflow"])
def test_a_missing_package(name: str, tmp_path: Path) -> None:
    """-S leaves the site's packages out."""
    line = json.dumps({"type": "run", "name": "a", "directory": str(tmp_path)})
    command = [sys.executable, "-S", str(TRACKERS / f"{name}.py")]
    done = subprocess.run(command, input=line, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    remedy = f"{sys.executable} -m pip install {name}"
    assert done.stderr == f"{name}: no package '{name}'; install it: {remedy}\n"
