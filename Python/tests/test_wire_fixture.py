"""Frames that Swift's tests write too, byte by byte: Tests/Fixtures/wire/frames.json."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from fulcrum import wire

FIXTURE = Path(__file__).resolve().parents[2] / "Tests" / "Fixtures" / "wire" / "frames.json"
CASES: list[dict[str, Any]] = json.loads(FIXTURE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[str(i) for i in range(len(CASES))])
def test_a_frame_has_the_bytes_that_swift_writes(case: dict[str, Any]) -> None:
    arrays = {
        a["name"]: wire.Array(a["type"], tuple(a["shape"]), memoryview(bytes.fromhex(a["bytes"])))
        for a in case["arrays"]
    }
    frame = wire.Frame(wire.Op(case["operation"]), case["sequence"], case["header"], arrays)
    data = b"".join(bytes(piece) for piece in wire.encode(frame))
    assert data.hex() == case["frame"]
    assert wire.decode(io.BytesIO(data).read) == frame
