"""A long call tells that it goes on, and a short one tells nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from conftest import FIXTURES, arrays_of
from support import engine_of

from fulcrum_engine import heartbeat
from fulcrum_engine.heartbeat import Heartbeat


class Noted:
    """Stands for the connection."""

    def __init__(self) -> None:
        self.last_activity = time.monotonic()
        self.events: list[dict[str, Any]] = []

    def event(self, header: dict[str, Any]) -> None:
        self.events.append(header)


@pytest.mark.parametrize(("seconds", "count"), [(0.0, 2), (60.0, 0)])
def test_passes_of_a_score_beat(
    monkeypatch: pytest.MonkeyPatch, seconds: float, count: int
) -> None:
    monkeypatch.setattr(heartbeat, "_SECONDS", seconds)
    calls: Any = Noted()
    # Two sequences of ten tokens, in passes of one.
    engine = engine_of(FIXTURES / "tiny-llama", microbatch_tokens=10)
    engine.heartbeat = Heartbeat(calls)
    batch = engine.batch(arrays_of([[3] * 5, [4] * 5], [[[5] * 5], [[6] * 5]]))
    engine.score(0, batch, 1.0, [])
    assert calls.events == [{"progress": True}] * count


def test_other_ranks_tell_nothing() -> None:
    Heartbeat(None).beat()
