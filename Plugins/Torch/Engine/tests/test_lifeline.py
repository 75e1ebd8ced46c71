"""What a rank tells on its lifeline: beats, with the call that it works on."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest
import torch.distributed as dist
from conftest import FIXTURES
from fulcrum.wire import Channel, Op
from host import Host

from fulcrum_engine import lifeline as lifelines
from fulcrum_engine.errors import EngineError
from fulcrum_engine.failures import error_header
from fulcrum_engine.lifeline import Lifeline
from fulcrum_engine.stage import STAGE, exchange


@pytest.fixture
def ends() -> Iterator[tuple[Lifeline, Channel]]:
    """A lifeline in this process, and the host's end of it."""
    own, other = socket.socketpair()
    before, STAGE.waits = STAGE.name, False
    line = Lifeline(Channel(own), "unix:")
    other.settimeout(10)
    yield line, Channel(other)
    # Not the end of this process.
    line.release()
    STAGE.name, STAGE.waits = before, False
    other.close()
    line._thread.join(5)
    own.close()


def next_beat(channel: Channel) -> dict[str, object]:
    frame = channel.receive()
    assert frame is not None and frame.op == Op.EVENT and frame.sequence == 0
    return frame.header


def test_beats_come_whatever_the_rank_does(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[Lifeline, Channel]
) -> None:
    monkeypatch.setattr(lifelines, "_BEAT_SECONDS", 0.05)
    line, channel = ends
    next_beat(channel)
    line.tell("accumulate")
    told = [next_beat(channel) for _ in range(40)]
    assert {"stage": "accumulate", "waits": False} in told

    @exchange
    def wait() -> None:
        # The first may have been under way.
        assert {"stage": "accumulate", "waits": True} in [next_beat(channel) for _ in range(40)]

    wait()
    assert STAGE.waits is False


def test_a_refused_call_leaves_no_rank_waiting() -> None:
    @exchange
    def agree() -> None:
        raise EngineError("usage", "expected another call")

    with pytest.raises(EngineError):
        agree()
    assert STAGE.waits is False


def test_a_host_that_reads_nothing_holds_up_no_rank(ends: tuple[Lifeline, Channel]) -> None:
    line, channel = ends
    began = time.monotonic()
    for number in range(20_000):
        line.tell(f"call {number}")
    assert time.monotonic() - began < 20
    # There is room for the last word.
    line.fail({"message": "out of memory"})
    frame = channel.receive()
    while frame is not None and frame.op == Op.EVENT:
        frame = channel.receive()
    assert frame is not None and frame.header == {"message": "out of memory"}


def test_each_rank_tells_the_call_that_it_works_on() -> None:
    with Host(ranks=2) as host:
        host.start(FIXTURES / "tiny-llama")
        for channel in host.lifelines.values():
            stages: list[object] = []
            while stages[-2:] != ["load", ""]:
                stage = next_beat(channel)["stage"]
                if stages[-1:] != [stage]:
                    stages.append(stage)
            assert [one for one in stages if one] == ["import", "start", "load"]


def test_errors_of_the_group_are_told_as_such() -> None:
    gloo = "[/pytorch/third_party/gloo/gloo/transport/tcp/pair.cc:547] Connection closed by peer"
    for error in (RuntimeError(gloo), dist.DistBackendError("NCCL error"), dist.DistStoreError("")):
        assert error_header(error)["ofGroup"] is True
    for other in (RuntimeError("shapes differ"), ValueError(gloo)):
        assert "ofGroup" not in error_header(other)
