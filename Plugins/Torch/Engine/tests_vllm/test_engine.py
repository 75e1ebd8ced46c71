"""An engine's process with vLLM beside it: calls, and what remains when something ends."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import FIXTURES, arrays_of
from fulcrum.wire import Op
from host import CallFailed, Host
from models import make
from processes import are_gone, comes_true, exchange_of, is_running, samplers, shared_memory
from test_service import PROMPTS, generation, scoring, some_batch, split
from vllm_support import OPTIONS, prompts_of, request_of, sampling

from fulcrum_engine.errors import EngineError
from fulcrum_engine.vllm_client import VLLMClient


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("llama-tied", tmp_path_factory.mktemp("model"))


def start(host: Host, folder: Path, **parameters: Any) -> dict[str, Any]:
    return host.start(folder, **{"sampler": "vllm", "vllm_options": OPTIONS, **parameters})


def train(host: Host, rate: float = 0.02) -> None:
    host.call(
        "accumulate",
        scoring(entropy=False),
        some_batch(),
        lambda header, arrays: (
            {"stop": False},
            {"weights": np.ones(len(arrays["places"]), np.float32)},
        ),
    )
    host.call("apply", {"learningRate": rate})


def sampled(host: Host, **changed: Any) -> dict[str, np.ndarray]:
    return host.call("generate", *generation(**changed))[1]


def scores(host: Host, found: dict[str, np.ndarray]) -> np.ndarray:
    """log π of sampled tokens by the engine's own passes."""
    parts = split(found)
    arrays = arrays_of(PROMPTS, [parts[2 * p : 2 * p + 2] for p in range(3)])
    return host.call("score", scoring(), arrays)[1]["logProbabilities"]


def assert_fits(host: Host, found: dict[str, np.ndarray]) -> None:
    # Passes of other shapes sum in other orders: f32 rounding.
    np.testing.assert_allclose(found["logProbabilities"], scores(host, found), atol=3e-5, rtol=0)


@pytest.mark.parametrize("ranks", [1, 2])
def test_steps_are_sampled_trained_and_sampled_again(ranks: int, folder: Path) -> None:
    shard = "none" if ranks == 1 else "fsdp2"
    with Host(ranks) as host:
        facts = dict(start(host, folder, shard=shard)["facts"])
        assert facts["sampler"].startswith("vllm 0.") and facts["sampler"].endswith("of its own")
        assert facts["ranks"] == ranks
        first = sampled(host)
        assert_fits(host, first)
        train(host)
        second = sampled(host)
        assert split(second) != split(first)
        assert_fits(host, second)

        # What is begun is of the weights of that moment, whatever comes before its end.
        host.call("generateBegin", *generation())
        with pytest.raises(CallFailed, match="sampling has begun already"):
            host.call("generateBegin", *generation())
        train(host)
        other = host.call("generateEnd")[1]
        assert split(other) == split(second)
        assert other["logProbabilities"].tolist() == second["logProbabilities"].tolist()
        assert other["finished"].tolist() == second["finished"].tolist()
        with pytest.raises(CallFailed, match="no sampling has begun"):
            host.call("generateEnd")

        # Another call of sampling between takes it in, and keeps it.
        third = sampled(host)
        assert_fits(host, third)
        host.call("generateBegin", *generation(step=9))
        train(host)
        fourth = sampled(host, step=9)
        assert_fits(host, fourth)
        kept = host.call("generateEnd")[1]
        assert split(kept) != split(fourth)
        assert split(sampled(host)) != split(third)

        # A frozen copy is sampled by torch.
        copy = host.call("freeze", {"model": 0})[0]["model"]
        own = sampled(host, model=copy)
        assert_fits(host, own)
        with pytest.raises(CallFailed, match="model 0, is the one"):
            host.call("generateBegin", *generation(model=copy))
        seen: list[int] = []
        header, arrays = generation(observe=True)
        _, observed = host.call(
            "generate", header, arrays, lambda _, one: seen.extend(one["token"].tolist())
        )
        assert sorted(seen) == sorted(observed["tokens"].tolist())
        with pytest.raises(CallFailed, match="temperatures from") as caught:
            host.call("generateBegin", *generation(temperature=3.0))
        assert caught.value.header["code"] == "unsupported"
        pids = samplers(host.process.pid)
        exchange = exchange_of(pids[0])
        host.call("end")
        assert are_gone(pids, 10)
    assert not exchange.exists()


def leader(host: Host) -> int:
    return samplers(host.process.pid)[0]


def fault(host: Host, **changed: Any) -> dict[str, Any]:
    with pytest.raises(CallFailed) as caught:
        host.call("generate", *generation(**changed))
    header: dict[str, Any] = caught.value.header
    return header


def test_a_dead_vllm_is_a_fault_with_its_last_lines(folder: Path) -> None:
    with Host() as host:
        start(host, folder)
        sampled(host)
        pids = samplers(host.process.pid)
        os.kill(pids[0], signal.SIGSEGV)
        header = fault(host)
        assert header["code"] == "plugin-fault"
        assert "was ended by signal 11 (SIGSEGV)" in header["message"]
        assert "; its last lines:\n  " in header["message"]
        assert "`fulcrum resume`" in header["hint"]
        # The engine is of no use any more: it says so and ends.
        assert host.process.wait(20) == 1
        assert are_gone(pids, 5)


def test_a_vllm_that_dies_while_it_samples_is_noticed_at_once(folder: Path) -> None:
    with Host() as host:
        start(host, folder)
        host.call("generateBegin", *generation(maximumTokens=400))
        os.kill(leader(host), signal.SIGKILL)
        with pytest.raises(CallFailed, match=r"SIGKILL.* while it samples") as caught:
            host.call("generateEnd")
        assert caught.value.header["code"] == "plugin-fault"
        assert "takes too much memory" in caught.value.header["hint"]


def test_a_vllm_that_hangs_is_a_fault_after_the_time_limit(folder: Path) -> None:
    with sampling(folder) as (_, sampler):
        client = sampler._vllm
        assert isinstance(client, VLLMClient)
        # As short a one would end loading on a busy machine.
        client._limit = 4
        pids = samplers(os.getpid())
        os.kill(client._process.pid, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(EngineError) as caught:
            sampler.generate(prompts_of([3]), request_of())
        assert 4 <= time.monotonic() - began < 8
        assert caught.value.code == "plugin-fault"
        assert caught.value.message.startswith(
            "vLLM has said nothing for 4 s (time-limit) while it samples"
        )
        assert are_gone(pids, 5)


def test_no_vllm_outlives_its_engine(folder: Path) -> None:
    with Host() as host:
        start(host, folder)
        pids = samplers(host.process.pid)
        # The process itself and its watch.
        assert len(pids) >= 1 and all(is_running(pid) for pid in pids)
        # Not even one that is stopped.
        os.kill(pids[0], signal.SIGSTOP)
        exchange = exchange_of(pids[0])
        os.kill(host.pids[0], signal.SIGKILL)
        assert are_gone(pids, 5)
        assert comes_true(lambda: not exchange.exists(), 5)


def test_processes_that_vllm_starts_end_with_it(folder: Path) -> None:
    """As with several devices: vLLM's core and its worker are processes of their own."""
    with Host(VLLM_ENABLE_V1_MULTIPROCESSING="1") as host:
        start(host, folder)
        first = sampled(host)
        train(host)
        second = sampled(host)
        assert split(second) != split(first)
        assert_fits(host, second)
        pids = samplers(host.process.pid)
        # The process, its watch, vLLM's core at least.
        assert len(pids) >= 3
        shared = shared_memory(pids)
        assert shared
        os.kill(pids[0], signal.SIGKILL)
        header = fault(host)
        assert header["code"] == "plugin-fault" and "SIGKILL" in header["message"]
        assert are_gone(pids, 5)
        assert not [one for one in shared if one.exists()]


def test_no_vllm_outlives_its_host(folder: Path) -> None:
    with Host() as host:
        start(host, folder)
        pids = samplers(host.process.pid)
        host.close()
        assert host.has_ended_within(2.0)
        assert are_gone(pids, 5)


def test_no_vllm_is_left_that_was_still_loading(folder: Path) -> None:
    with Host() as host:
        given = {"checkpoint": str(folder), "device": "cpu", "sampler": "vllm"}
        host.call("start", {"parameters": given, "seed": "1", "threads": 1})
        host.calls.send(Op.CALL, 2, {"call": "load"})
        assert comes_true(lambda: bool(samplers(host.process.pid)), 60)
        pids = samplers(host.process.pid)
        exchange = exchange_of(pids[0])
        os.kill(host.pids[0], signal.SIGKILL)
        assert are_gone(pids, 5)
        assert comes_true(lambda: not exchange.exists(), 5)


def test_what_vllm_refuses_is_an_error_of_loading(folder: Path) -> None:
    with Host() as host:
        with pytest.raises(CallFailed) as caught:
            start(host, FIXTURES / "tiny-llama")
        header = caught.value.header
        # Heads of 16 load, and can't be computed.
        assert header["code"] == "unsupported" and "head" in header["message"].lower()
        assert not samplers(host.process.pid)
        # Nothing is loaded; the engine is as before the call.
        with pytest.raises(CallFailed, match="needs the weights"):
            host.call("generate", *generation())
        host.call("end")
    with Host() as host:
        with pytest.raises(CallFailed) as caught:
            start(host, folder, vllm_options=["kv_cache_memory_bytes=4096"])
        header = caught.value.header
        assert header["code"] == "unsupported" and "cache blocks" in header["message"]
        assert "max_model_len" in header["hint"]
        host.call("end")


def test_an_interpreter_without_vllm_is_named(folder: Path, tmp_path: Path) -> None:
    # That which this one's environment was made of.
    base = str(Path(sys.base_prefix) / "bin" / "python3")
    with Host() as host:
        with pytest.raises(CallFailed) as caught:
            start(host, folder, vllm_python=str(tmp_path / "nothing"))
        assert caught.value.header["code"] == "parameter"
        assert caught.value.header["message"] == (
            f"parameter 'vllm-python': can't run '{tmp_path / 'nothing'}': "
            "No such file or directory"
        )
        with pytest.raises(CallFailed) as caught:
            host.call("load")
        assert caught.value.header["code"] == "parameter"
        host.call("end")
    with Host() as host:
        with pytest.raises(CallFailed) as caught:
            start(host, folder, vllm_python=base)
        assert caught.value.header["code"] == "not-found"
        assert "has no package '" in caught.value.header["message"]
        assert "'vllm-python'" in caught.value.header["hint"]
        host.call("end")
