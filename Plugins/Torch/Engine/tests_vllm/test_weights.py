"""New weights in place, against a fresh load of them: A to B, never A to B to A."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from models import KINDS, make
from vllm_support import (
    LENGTHS,
    assert_exact,
    move,
    prompts_of,
    request_of,
    sampling,
    saved,
    split,
)

from fulcrum_engine.engine import Engine
from fulcrum_engine.errors import EngineError
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.rows import Completions
from fulcrum_engine.settings import Settings
from fulcrum_engine.vllm_sampler import VLLMSampler

PROMPTS = prompts_of(LENGTHS)


def both_ways(sampler: VLLMSampler) -> tuple[Completions, Completions]:
    """Greedy and drawn completions."""
    greedy = sampler.generate(PROMPTS, request_of(1, 16, 0.0))
    return greedy, sampler.generate(PROMPTS, request_of())


def assert_alike(one: Completions, other: Completions) -> None:
    """The same program on the same weights in the same batches."""
    assert split(one) == split(other)
    np.testing.assert_allclose(one.log_probabilities, other.log_probabilities, atol=1e-6, rtol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_updated_weights_are_those_of_a_fresh_load(kind: str, tmp_path: Path) -> None:
    folder = make(kind, tmp_path / "model")
    with sampling(folder) as (engine, sampler):
        # The prompts' whole blocks are cached now.
        before = both_ways(sampler)
        move(engine)
        sampler.bring()
        updated = both_ways(sampler)
        target = saved(engine, tmp_path / "saved")
        # Nothing has changed: nothing is sent.
        sampler.bring()
        assert sampler._brought == engine.weights_number == 1
        # And once more, for what the first update might have left.
        move(engine, 2)
        sampler.bring()
        again = both_ways(sampler)
        second = saved(engine, tmp_path / "second")
    for checkpoint, found in ((folder, before), (target, updated), (second, again)):
        for one in found:
            assert_exact(checkpoint, PROMPTS, one)
    assert split(before[0]) != split(updated[0])
    with sampling(target) as (_, fresh):
        for one, other in zip(updated, both_ways(fresh), strict=True):
            assert_alike(one, other)


@pytest.mark.parametrize("kind", ["llama-tied", "qwen2"])
def test_adapters_go_over_merged(kind: str, tmp_path: Path) -> None:
    folder = make(kind, tmp_path / "model")
    with sampling(folder, lora_rank=4, lora_save="merged") as (engine, sampler):
        # Fresh adapters are the base.
        assert_exact(folder, PROMPTS, both_ways(sampler)[1])
        move(engine, size=0.1)
        sampler.bring()
        updated = both_ways(sampler)
        target = saved(engine, tmp_path / "saved")
    for one in updated:
        assert_exact(target, PROMPTS, one)
    with sampling(target, lora_rank=0) as (_, fresh):
        for one, other in zip(updated, both_ways(fresh), strict=True):
            assert_alike(one, other)


def test_an_adapters_folder_goes_over_before_the_first_sampling(tmp_path: Path) -> None:
    """vLLM reads the base, which the folder names."""
    folder = make("llama", tmp_path / "model")
    plain = Settings.read({"checkpoint": str(folder), "device": "cpu", "lora-rank": 4})
    engine = Engine(plain, Ranks(Place(), "cpu"))
    engine.load()
    move(engine, size=0.1)
    adapter = saved(engine, tmp_path / "adapter")
    with sampling(adapter, lora_save="merged") as (engine, sampler):
        sampler.bring()
        found = sampler.generate(PROMPTS, request_of())
        target = saved(engine, tmp_path / "merged")
    assert_exact(target, PROMPTS, found)


def test_adapters_alone_are_as_good_as_merged(tmp_path: Path) -> None:
    folder = make("qwen2-tied", tmp_path / "model")
    with sampling(folder, lora_rank=4, lora_save="merged", vllm_lora="adapter") as (
        engine,
        sampler,
    ):
        assert_exact(folder, PROMPTS, both_ways(sampler)[1])
        found = []
        for seed in (1, 2):
            # Larger ones make larger logits, of which f32 rounds more.
            move(engine, seed, 0.03)
            sampler.bring()
            found.append(both_ways(sampler))
        target = saved(engine, tmp_path / "saved")
        assert [one.name for one in sampler._exchange.folder.glob("weights-*")] == ["weights-2"]  # type: ignore[union-attr]
    assert split(found[0][1]) != split(found[1][1])
    for one in found[1]:
        assert_exact(target, PROMPTS, one)
    # An adapter's folder goes over before the first sampling.
    with sampling(target / "adapter", vllm_lora="adapter") as (engine, sampler):
        sampler.bring()
        assert_exact(target, PROMPTS, sampler.generate(PROMPTS, request_of()))


def test_every_change_of_the_policy_is_brought(tmp_path: Path) -> None:
    folder = make("llama", tmp_path / "model")
    with sampling(folder) as (engine, sampler):
        first = split(sampler.generate(PROMPTS, request_of()))
        snapshot = engine.snapshot()
        move(engine)
        moved = engine.freeze(0)
        engine.restore(snapshot)
        sampler.bring()
        assert split(sampler.generate(PROMPTS, request_of())) == first
        optimizer = tmp_path / "optimizer"
        optimizer.mkdir()
        engine.save_optimizer(0, str(optimizer))
        number = engine.weights_number
        engine.load_optimizer(0, str(optimizer))
        assert engine.weights_number == number + 1
        engine.blend(0, moved, 0.5)
        assert engine.weights_number == number + 2
        # Of a copy nothing is to be brought.
        engine.blend(moved, 0, 0.5)
        assert engine.weights_number == number + 2
        sampler.bring()
        assert_exact(
            saved(engine, tmp_path / "saved"), PROMPTS, sampler.generate(PROMPTS, request_of())
        )
        # Broken weights are told, and the next ones are as good as any.
        engine.restore(snapshot)
        move(engine, size=float("nan"))
        sampler.bring()
        with pytest.raises(EngineError, match=r"token 0 are not finite") as caught:
            sampler.generate(PROMPTS, request_of())
        assert caught.value.code == "not-finite"
        engine.restore(snapshot)
        sampler.bring()
        assert split(sampler.generate(PROMPTS, request_of())) == first
        # Another version than the engine's is a fault.
        sampler._brought = 400
        with pytest.raises(EngineError) as caught:
            sampler.generate(PROMPTS, request_of())
        assert caught.value.code == "plugin-fault"
        assert caught.value.message == (
            f"vLLM sampled from version {engine.weights_number} of the weights, expected 400"
        )


def test_a_broadcast_brings_what_a_file_does(tmp_path: Path) -> None:
    """Over gloo: what NCCL does between devices, by way of the processor."""
    folder = make("llama-tied", tmp_path / "model")
    with sampling(folder, backend="gloo") as (engine, sampler):
        before = both_ways(sampler)
        for seed in (1, 2):
            move(engine, seed)
            sampler.bring()
        updated = both_ways(sampler)
        target = saved(engine, tmp_path / "saved")
    assert split(before[0]) != split(updated[0])
    for one in updated:
        assert_exact(target, PROMPTS, one)
