"""The number that a file may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

import fulcrum as f
from fulcrum.errors import Fault

REWARD = "def reward(completions): return [0.0 for _ in completions]\n"


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("1.0", None),
        ("1.1", "written for the interface 1.1, this is 1.0"),
        ("2.0", "written for the interface 2.0, this is 1.0"),
        ("0.9", "written for the interface 0.9, this is 1.0"),
        ("new", "expected '__fulcrum__ = \"1.0\"', got 'new'"),
    ],
)
def test_a_file_may_ask_for_an_interface(tmp_path: Path, wanted: str, message: str | None) -> None:
    file = tmp_path / f"asks-{wanted.replace('.', '-')}.py"
    file.write_text(f"__fulcrum__ = {wanted!r}\n{REWARD}")
    if message is None:
        assert f.testing.load(file).components[0].name == "asks-1-0"
    else:
        with pytest.raises(Fault, match=message):
            f.testing.load(file)
