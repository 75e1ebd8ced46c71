"""Several ranks, of which the first has the sampler; and weights that are broadcast."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
import torch
from conftest import FIXTURES, ROOT
from host import CallFailed, Host
from test_service import generation, scoring, some_batch, split
from test_vllm_process import FAKE

from fulcrum_engine.vllm_transfer import _free_port
from fulcrum_vllm.broadcast import Broadcast

LLAMA = FIXTURES / "tiny-llama"


def folders() -> str:
    paths = [FAKE, ROOT / "Python", ROOT / "Plugins" / "Torch" / "Engine"]
    return os.pathsep.join(map(str, paths))


def train(host: Host) -> None:
    host.call(
        "accumulate",
        scoring(entropy=False),
        some_batch(),
        lambda header, arrays: (
            {"stop": False},
            {"weights": np.ones(len(arrays["places"]), np.float32)},
        ),
    )
    host.call("apply", {"learningRate": 0.01})


@pytest.mark.parametrize("shard", ["none", "fsdp2"])
def test_the_first_rank_samples_and_all_bring_weights(shard: str) -> None:
    with Host(2, PYTHONPATH=folders()) as host:
        loaded = host.start(LLAMA, sampler="vllm", shard=shard)
        facts: dict[str, Any] = dict(loaded["facts"])
        assert facts["sampler"] == "vllm 0.0.fake, a process of its own"
        first = split(host.call("generate", *generation())[1])
        assert len(first) == 6
        train(host)
        assert "took" not in host.printed()
        host.call("generateBegin", *generation())
        assert host.printed().count("took model.safetensors") == 1
        train(host)
        # It waits for what has begun, brings new weights, and samples.
        assert split(host.call("generate", *generation())[1]) == first
        assert host.printed().count("took model.safetensors") == 2
        assert split(host.call("generateEnd")[1]) == first
        # What one rank refuses, all refuse, and go on.
        with pytest.raises(CallFailed, match="temperatures from"):
            host.call("generate", *generation(temperature=5.0))
        assert split(host.call("generate", *generation())[1]) == first
        host.call("end")
        assert host.process.wait(20) == 0


def test_a_sampler_that_fails_to_start_leaves_the_ranks_usable() -> None:
    with Host(2, PYTHONPATH=folders()) as host:
        with pytest.raises(CallFailed, match="Head size 16") as caught:
            host.start(LLAMA, sampler="vllm", vllm_options=["fails=refuses"])
        assert caught.value.header["code"] == "unsupported"
        with pytest.raises(CallFailed, match="needs the weights"):
            host.call("generate", *generation())
        host.call("end")


def test_what_is_broadcast_arrives() -> None:
    tensors = {
        "a": torch.arange(6, dtype=torch.float32).reshape(2, 3),
        "b": torch.tensor(2.5, dtype=torch.bfloat16),
        # As a view lies in memory.
        "c": torch.arange(8.0).reshape(4, 2).T,
    }
    listed = [[n, str(t.dtype).removeprefix("torch."), list(t.shape)] for n, t in tensors.items()]
    port = _free_port("127.0.0.1")

    def send() -> None:
        Broadcast("127.0.0.1", port, 0, 3, "gloo").send(tensors.values())

    def receive(rank: int) -> dict[str, torch.Tensor]:
        return dict(Broadcast("127.0.0.1", port, rank, 3, "gloo").receive(listed))

    with ThreadPoolExecutor(3) as threads:
        sending = threads.submit(send)
        receiving = [threads.submit(receive, rank) for rank in (1, 2)]
        sending.result(60)
        for one in receiving:
            found = one.result(60)
            assert found.keys() == tensors.keys()
            for name, tensor in tensors.items():
                assert torch.equal(found[name], tensor) and found[name].dtype == tensor.dtype
