"""A run as the trackers know it, and what is kept of it between one start and the next."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol


class Problem(Exception):
    """What went wrong, in one line."""


class Tracker(Protocol):
    """What a library does with a run."""

    def log(self, step: int, metrics: dict[str, float]) -> None: ...
    def log_samples(self, step: int, samples: list[dict[str, Any]]) -> None: ...
    def finish(self, status: str) -> None: ...


@dataclass
class Run:
    """A run of Fulcrum. A tracker may set `id` when it starts."""

    tracker: str
    name: str
    directory: Path
    configuration: dict[str, Any]
    options: dict[str, Any]
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    is_resumed: bool = False
    # Each metric's last step.
    steps: dict[str, int] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.directory / f"tracker-{self.tracker}.json"

    def load(self) -> None:
        if self.file.exists():
            saved = json.loads(self.file.read_text())
            self.id, self.steps, self.is_resumed = saved["id"], saved["steps"], True

    def save(self) -> None:
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps({"id": self.id, "steps": self.steps}))
        new.replace(self.file)

    def is_new(self, key: str, step: int) -> bool:
        """Whether the key has no such step yet; it has it from now on."""
        if self.steps.get(key, -1) >= step:
            return False
        self.steps[key] = step
        return True

    def known_options(self, known: Iterable[str]) -> dict[str, Any]:
        """The options.

        - Raises Problem for one that the tracker does not have.
        """
        if unknown := sorted(set(self.options) - set(known)):
            raise Problem(f"unknown option '{unknown[0]}'; known: {', '.join(sorted(known))}")
        return self.options
