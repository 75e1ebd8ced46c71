"""The built program, as a user runs it, for tests in Python."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / ".build/release/fulcrum"
FIXTURES = ROOT / "Tests/Fixtures"
# Policies of one million parameters and more: tests start from what the main job starts from.
START = ROOT / "Documentation/Recipes/start"
LIMIT = 600


class Fulcrum:
    """Runs commands in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def command(self, *arguments: str | Path) -> list[str]:
        return [str(PROGRAM), *map(str, arguments)]

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options,
        )  # fmt: skip

    def run(self, *arguments: str | Path, status: int = 0) -> str:
        """Runs a command to its end, and returns what it printed."""
        process = self.start(*arguments)
        try:
            text, _ = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        assert process.returncode == status, f"{arguments} ended with {process.returncode}:\n{text}"
        return text

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
