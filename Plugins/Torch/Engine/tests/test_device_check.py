"""The check of a machine, on the processor and small, as a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TOOL = Path(__file__).resolve().parents[1] / "tools" / "device_check.py"


def run(output: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit status and the findings."""
    command = [sys.executable, str(TOOL), "--small", "--threads", "1", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([*command, "--output", str(output)], env=environment, timeout=600)
    return done.returncode, json.loads(output.read_text())


def test_every_part_checks_something_and_all_is_well(tmp_path: Path) -> None:
    status, rows = run(tmp_path / "rows.json", "--device", "cpu", "--minutes", "9")
    assert not [row for row in rows if row["status"] == "failed"]
    assert status == 0
    checked = {row["part"] for row in rows if row["status"] == "ok"}
    assert checked == {"exactness", "bf16", "sampling", "ranks"}
    found = {row["name"]: row["found"] for row in rows}
    assert found["sampling, tokens/s"] > 0 and found["plain training pass, tokens/s"] > 0


def test_failures_are_told_and_stop_no_other_part(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a device, which this takes for missing")
    status, rows = run(
        tmp_path / "rows.json", "--device", "cuda", "--parts", "bf16,flash attention"
    )
    assert status == 1
    assert {row["part"] for row in rows if row["status"] == "failed"} == {"machine", "bf16"}
    assert [row["part"] for row in rows if row["status"] == "skipped"] == ["flash attention"]
