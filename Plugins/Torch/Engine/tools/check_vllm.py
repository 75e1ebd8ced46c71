"""Sampling by vLLM beside the engine: log π, speed, and new weights by each way of sending them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from check_exactness import BF16_LOG_PROBABILITY
from check_report import Findings
from engine_step import Engine, endless_decoder, synchronize
from random_models import random_tokens

from fulcrum_engine.errors import EngineError
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.rows import Completions, Prompt, Request
from fulcrum_engine.sampler import Distribution
from fulcrum_engine.settings import Settings
from fulcrum_engine.vllm_loading import load_with
from fulcrum_engine.vllm_sampler import VLLMSampler

# Two programs' passes in f32; kernels sum in other orders, and on GPUs products may be in TF32.
_F32_LOG_PROBABILITY = 1e-3
# Of the weights' size: log π move far beyond what bf16 rounds.
_STEP = 0.02


def check_vllm(findings: Findings, folder: Path, device: str, python: str, is_small: bool) -> None:
    """Samples by vLLM, moves the weights, samples again; by files, and by NCCL where it can be.

    Args:
        python: an interpreter with vLLM; empty: this one.
        is_small: a quick trial.
    """
    devices = torch.cuda.device_count() if device == "cuda" else 0
    ways = ["file"]
    if devices > 1:
        ways.append("nccl")
    else:
        findings.skip("transfer by nccl", "it needs two CUDA devices")
    for way in ways:
        options = ["max_model_len=512"] if is_small else ["max_model_len=1024"]
        if devices == 1:
            options.append("gpu_memory_utilization=0.4")
        settings = {
            "checkpoint": str(folder),
            "device": device,
            "precision": "f32" if is_small else "bf16",
            "sampler": "vllm",
            "vllm-python": python,
            "vllm-options": options,
            # The last one, where there are several.
            "vllm-devices": str(devices - 1) if devices > 1 else "",
            "vllm-transfer": way,
        }
        _check(findings, Settings.read(settings), is_small)


def _check(findings: Findings, settings: Settings, is_small: bool) -> None:
    way = settings.vllm_transfer
    engine = Engine(settings, Ranks(Place(), settings.device))
    sampler = VLLMSampler(engine)
    try:
        began = time.perf_counter()
        load_with(engine, sampler)
        findings.figure(f"{way}: {engine.sampler}, s to load", time.perf_counter() - began)
        # So that all completions have the same length.
        engine.end_tokens = []
        _compare(findings, engine, sampler, f"{way}, as loaded", is_small)
        _move(engine)
        for number in range(2):
            engine.weights_number += number
            began = time.perf_counter()
            sampler.bring()
            findings.figure(f"{way}: update {number + 1}, s", time.perf_counter() - began)
        _compare(findings, engine, sampler, f"{way}, after an update", is_small)
    except EngineError as error:
        findings.fail(way, f"{error.message} ({error.hint})")
    finally:
        sampler.close()


def _compare(
    findings: Findings, engine: Engine, sampler: VLLMSampler, name: str, is_small: bool
) -> None:
    count, length, new = (4, 24, 16) if is_small else (16, 256, 256)
    vocabulary = engine.token_rows.end
    rows = random_tokens(count, length, vocabulary, 3)
    prompts = [Prompt(tokens, number) for number, tokens in enumerate(rows)]
    request = Request(4, new, Distribution(1.0), 1, 1)
    # The first one prepares kernels.
    sampler.generate(prompts[:1], Request(1, 2, Distribution(1.0), 1, 0))
    began = time.perf_counter()
    found = sampler.generate(prompts, request)
    findings.figure(
        f"{name}: sampling, tokens/s", len(found.tokens) / (time.perf_counter() - began)
    )
    decoder = endless_decoder(engine)
    began = time.perf_counter()
    own = decoder.generate(prompts, request)
    synchronize(engine.ranks.device)
    findings.figure(
        f"{name}: the engine's own, tokens/s", len(own.tokens) / (time.perf_counter() - began)
    )
    apart = _apart(engine, prompts, found)
    bound = _F32_LOG_PROBABILITY if engine.settings.precision == "f32" else BF16_LOG_PROBABILITY
    findings.at_most(f"{name}: log π apart, mean", float(apart.mean()), bound)
    findings.figure(f"{name}: log π apart, 99 %", float(np.quantile(apart, 0.99)))
    findings.figure(f"{name}: log π apart, largest", float(apart.max()))


def _apart(engine: Engine, prompts: Sequence[Prompt], found: Completions) -> np.ndarray:
    """How far vLLM's log π are from the engine's scores of the same tokens."""
    lengths = [len(prompt.tokens) for prompt in prompts]
    batch = engine.batch(
        {
            "promptTokens": np.concatenate([np.asarray(prompt.tokens) for prompt in prompts]),
            "promptOffsets": np.concatenate([[0], np.cumsum(lengths)]),
            "tokens": found.tokens,
            "offsets": found.offsets,
            "groupOffsets": np.arange(len(lengths) + 1) * 4,
        }
    )
    columns = engine.score(0, batch, 1.0, [])
    assert columns is not None
    apart: np.ndarray = np.abs(columns.log_probabilities - found.log_probabilities)
    return apart


def _move(engine: Engine) -> None:
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for item in engine.masters:
            step = _STEP * torch.randn(item.values.shape, generator=generator)
            item.values.add_(step.to(item.values.device))
            item.refresh()
    engine.weights_number += 1
