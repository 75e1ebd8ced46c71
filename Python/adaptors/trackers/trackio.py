"""Logs a run with trackio: on this machine unless the option `space_id` or `server_url` is given.

Options: those of `trackio.init` that are named below, and `directory`, where it keeps its data.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

from shared.lines import main
from shared.runs import Run

OPTIONS = {"project", "group", "space_id", "server_url", "bucket_id", "private", "webhook_url"}


class Trackio:
    def __init__(self, run: Run) -> None:
        options = {"project": "fulcrum", **run.known_options(OPTIONS | {"directory"})}
        if directory := options.pop("directory", None):
            os.environ["TRACKIO_DIR"] = str(directory)
        self.library: Any = import_module("trackio")
        # A run is known by its name there.
        name = f"{run.name}-{run.id}"
        quiet = {"embed": False, "auto_log_gpu": False, "auto_log_cpu": False}
        self.run = self.library.init(
            name=name, resume="allow", config=run.configuration, **quiet, **options
        )

    def log(self, step: int, metrics: dict[str, float]) -> None:
        self.library.log(metrics, step=step)

    def log_samples(self, step: int, samples: list[dict[str, Any]]) -> None:
        pandas: Any = import_module("pandas")
        table = self.library.Table(dataframe=pandas.DataFrame(samples))
        self.library.log({"samples": table}, step=step)

    def finish(self, status: str) -> None:
        if status == "failed":
            self.library.alert("the run failed")
        self.library.finish()


if __name__ == "__main__":
    main("trackio", Trackio)
