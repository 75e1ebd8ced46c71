"""Logs a run with Weights & Biases: offline unless the option `offline` is false.

Options: those of `wandb.init` that are named below, and `offline`. An offline run is sent later by
`wandb sync <directory>/wandb/offline-run-*`: a resumed run has several folders, all of one id.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from shared.lines import main
from shared.runs import Run

OPTIONS = {"project", "entity", "group", "job_type", "tags", "notes"}


class WandB:
    def __init__(self, run: Run) -> None:
        options = {"project": "fulcrum", **run.known_options(OPTIONS | {"offline"})}
        mode = "offline" if options.pop("offline", True) else "online"
        os.environ["WANDB_SILENT"] = "true"
        self.library: Any = import_module("wandb")
        self.run = self.library.init(
            id=run.id,
            name=run.name,
            dir=str(run.directory),
            config=run.configuration,
            mode=mode,
            resume="allow" if mode == "online" else None,
            settings=self.library.Settings(console="off", x_disable_stats=True),
            **options,
        )
        # Evaluations may come behind later steps, which wandb's own step does not allow.
        self.run.define_metric("*", step_metric="step")

    def log(self, step: int, metrics: dict[str, float]) -> None:
        self.run.log({"step": step, **metrics})

    def log_samples(self, step: int, samples: list[dict[str, Any]]) -> None:
        columns = list(dict.fromkeys(key for sample in samples for key in sample))
        rows = [[sample.get(column) for column in columns] for sample in samples]
        self.run.log({"step": step, "samples": self.library.Table(columns=columns, data=rows)})

    def finish(self, status: str) -> None:
        self.run.summary["status"] = status
        self.run.finish(exit_code=1 if status == "failed" else 0)


if __name__ == "__main__":
    main("wandb", WandB)
