"""Logs a run with MLflow: into `<directory>/mlflow.db` unless the option `tracking_uri` is given.

Options: `tracking_uri`, `project` (MLflow's experiment), `tags` (an object). Samples are artifacts,
`samples/STEP.json`. In metrics' names what MLflow does not allow is written as `_`.
"""

from __future__ import annotations

import json
import os
import re
import time
from importlib import import_module
from typing import Any

from shared.lines import main
from shared.runs import Run

STATUSES = {"finished": "FINISHED", "stopped": "KILLED", "failed": "FAILED"}


def flat(value: Any, key: str = "") -> dict[str, str]:
    """`{"a": {"b": 1}}` as `{"a.b": "1"}`: parameters are texts, of at most 6000 characters."""
    if isinstance(value, dict) and value:
        parts = [flat(v, f"{key}.{k}" if key else k) for k, v in value.items()]
        return {name: text for part in parts for name, text in part.items()}
    text = value if isinstance(value, str) else json.dumps(value)
    return {re.sub(r"[^\w\-. :/]", "_", key): text[:6000]} if key else {}


class MLflow:
    def __init__(self, run: Run) -> None:
        options = run.known_options(("tracking_uri", "project", "tags"))
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        library: Any = import_module("mlflow")
        self.metric, parameter = library.entities.Metric, library.entities.Param
        directory = run.directory.resolve()
        uri = options.get("tracking_uri")
        self.client = library.MlflowClient(tracking_uri=uri or f"sqlite:///{directory}/mlflow.db")
        project = options.get("project", "fulcrum")
        experiment = self.client.get_experiment_by_name(project)
        place = None if uri else (directory / "mlflow-artifacts").as_uri()
        number = (
            experiment.experiment_id
            if experiment
            else self.client.create_experiment(project, place)
        )
        if run.is_resumed:
            self.client.update_run(run.id, status="RUNNING")
        else:
            made = self.client.create_run(number, run_name=run.name, tags=options.get("tags"))
            run.id = made.info.run_id
            parameters = [parameter(key, text) for key, text in flat(run.configuration).items()]
            for first in range(0, len(parameters), 100):
                self.client.log_batch(run.id, params=parameters[first : first + 100])
        self.id = run.id

    def log(self, step: int, metrics: dict[str, float]) -> None:
        now = int(time.time() * 1000)
        named = {re.sub(r"[^\w\-. :/]", "_", key): value for key, value in metrics.items()}
        entries = [self.metric(key, value, now, step) for key, value in named.items()]
        for first in range(0, len(entries), 1000):
            self.client.log_batch(self.id, metrics=entries[first : first + 1000])

    def log_samples(self, step: int, samples: list[dict[str, Any]]) -> None:
        self.client.log_dict(self.id, samples, f"samples/{step}.json")

    def finish(self, status: str) -> None:
        self.client.set_terminated(self.id, STATUSES.get(status, "FAILED"))


if __name__ == "__main__":
    main("mlflow", MLflow)
