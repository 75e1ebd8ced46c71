"""Commands on Python files: new, list, info, check, lock."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import Fulcrum, configuration
from program import ROOT

KINDS = ["advantage-transform", "update-scheduler", "policy-objective", "reward", "task"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_works(fulcrum: Fulcrum, kind: str) -> None:
    began = time.monotonic()
    fulcrum.run("plugin", "new", "my-idea", "--kind", kind, "--language", "python")
    folder = fulcrum.folder / "my-idea"
    subprocess.run(
        [sys.executable, "-m", "unittest"],
        cwd=folder, env={"PYTHONPATH": str(ROOT / "Python")}, check=True, timeout=60,
    )  # fmt: skip
    said = fulcrum.run("plugin", "list", "--plugin-path", folder)
    assert f"{kind} my-idea" in said
    print(f"{time.monotonic() - began:.1f} s to a plugin that is tested and listed")
    info = fulcrum.run("plugin", "info", "my-idea", "--plugin-path", folder)
    assert "a beginning" in info
    checked = fulcrum.run("plugin", "check", "my-idea", "--plugin-path", folder)
    assert ", 0 faults, 0 skipped" in checked
    if kind in ("advantage-transform", "update-scheduler", "policy-objective"):
        formula = next(line for line in info.splitlines() if "formula: " in line).split(": ", 1)[1]
        page = fulcrum.run("methods", "my-idea", "--markdown", "--plugin-path", folder)
        row = next(line for line in page.splitlines() if line.startswith("| **my-idea**"))
        assert f"`{formula}`" in row


def test_a_trl_reward_is_a_plugin(fulcrum: Fulcrum) -> None:
    fulcrum.write("brief.py", 'def reward(completions, answer, **columns):\n'
                  '    """rewards the answer"""\n'
                  '    return [float(a in c) for c, a in zip(completions, answer)]\n')  # fmt: skip
    assert "reward brief" in fulcrum.run("plugin", "info", "brief", "--plugin-path", ".")
    assert ", 0 faults" in fulcrum.run("plugin", "check", "brief", "--plugin-path", ".")
    text = configuration(steps=1, advantage="grpo", reward="brief")
    fulcrum.run("train", fulcrum.write("c.yaml", text), "--set", "output=run")


def test_a_file_and_a_library_of_one_name_are_told(fulcrum: Fulcrum) -> None:
    fulcrum.write("brief.py", "def reward(completions): return [0.0 for _ in completions]\n")
    fulcrum.write("libfulcrum-brief.so", "")
    said = fulcrum.run("plugin", "info", "brief", "--plugin-path", ".", status=2)
    assert "plugin 'brief' is there twice: ./libfulcrum-brief.so and ./brief.py" in said


def test_a_pin_holds_a_file(fulcrum: Fulcrum) -> None:
    file = fulcrum.write("brief.py", "def reward(completions): return [1.0 for _ in completions]\n")
    path = fulcrum.write("c.yaml", configuration(steps=1, advantage="grpo", reward="{use: brief}"))
    fulcrum.run("plugin", "lock", path)
    assert "sha256:" in path.read_text()
    fulcrum.run("plugin", "lock", path, "--check")
    file.write_text(file.read_text() + "\n")
    said = fulcrum.run("train", path, "--set", "output=run", status=1)
    assert "expected SHA-256" in said


REFUSED = {
    "nothing": ("x = 1\n", "registers nothing"),
    "syntax": ("def reward(completions:\n", "SyntaxError"),
    "import": ("import no_such_package_here\n", "no_such_package_here"),
    "exit": ("import sys\nsys.exit(4)\n", "sys.exit(4)"),
    "default": (
        'import fulcrum as f\n@f.reward("brief", source="x", a=f.number(3, 0, 1, "h"))\n'
        "def r(samples, a): return [0 for _ in samples]\n",
        "expected a number in 0...1, got 3 (brief.py:2)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_plugin_is_refused(fulcrum: Fulcrum, name: str) -> None:
    text, expected = REFUSED[name]
    fulcrum.write("brief.py", text)
    said = fulcrum.run("plugin", "info", "brief", "--plugin-path", ".", status=1)
    assert expected in said, said
    listed = fulcrum.run("plugin", "list", "--plugin-path", ".", status=1)
    assert "brief" in listed


def test_no_interpreter_is_told(fulcrum: Fulcrum, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FULCRUM_PYTHON", "/no/python")
    fulcrum.write("brief.py", "def reward(completions): return [0.0 for _ in completions]\n")
    said = fulcrum.run("plugin", "info", "brief", "--plugin-path", ".", status=1)
    assert "expected a Python interpreter, found none at '/no/python'" in said
    assert "FULCRUM_PYTHON" in said


def test_paths_are_searched_for_files(fulcrum: Fulcrum, tmp_path: Path) -> None:
    said = fulcrum.run("plugin", "info", "no-such", "--plugin-path", ".", status=2)
    assert "no-such.fulcrum.yaml or no-such.py" in said
