"""Speed and memory of a step on a random model, beside TRL or transformers."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from check_exactness import BF16_LOG_PROBABILITY, arrays_of, batch_of, scores_of
from check_report import Findings
from engine_step import PHASES, Columns, Engine, GroupStep, Weights, make_engine, synchronize
from random_models import random_tokens, text_of

from fulcrum_engine.memory import Demand

# The estimate leaves out the allocator's gaps and what kernels take for a moment; and activations
# of a short pass are fewer than a full one's.
MEMORY_SHARES = (0.4, 1.3)


@dataclass(frozen=True)
class Load:
    """What a step works on.

    Attributes:
        prompts: how many, of `prompt` tokens.
        samples: of each prompt.
        new: tokens of each sample.
        precision: of the passes.
    """

    prompts: int
    samples: int
    prompt: int
    new: int
    precision: str

    @property
    def rows(self) -> int:
        return self.prompts * self.samples


def check_speed(findings: Findings, folder: Path, device: str, load: Load) -> None:
    """Sampling, a training pass and a step of the engine, and its peak memory."""
    before = _peak_bytes(device)
    engine = make_engine(folder, device=device, precision=load.precision)
    findings.figure("matrix products, TFLOP/s", engine.peak() / 1e12)
    step = GroupStep(engine, _prompts(load, engine), load.samples, load.new, 0.001)
    step.run(0)
    seconds = _timed(lambda: step.run(1), engine.ranks.device)
    for phase in PHASES:
        findings.figure(f"step: {phase}, s", step.seconds[phase])
    findings.figure("step, s", seconds)
    findings.figure("sampling, tokens/s", load.rows * load.new / step.seconds["sampling"])
    demand = Demand(load.prompt, load.new, load.rows, has_reference=True)
    estimate = sum(size for _, size in engine.memory(demand))
    peak = _peak_bytes(device) - before
    findings.figure("peak memory, GiB", peak / 2**30)
    findings.figure("peak memory by the estimate, GiB", estimate / 2**30)
    if device == "cuda":
        findings.at_least("peak memory, share of the estimate", peak / estimate, MEMORY_SHARES[0])
        findings.at_most("peak memory, share of the estimate", peak / estimate, MEMORY_SHARES[1])
    rows, length = max(1, load.rows // 4), load.prompt + load.new
    seconds = _timed(_training_pass(engine, rows, length), engine.ranks.device, warm=1)
    findings.figure("training pass, tokens/s", rows * length / seconds)


def check_peers(findings: Findings, folder: Path, device: str, load: Load) -> None:
    """TRL's step; without TRL transformers' generate; and a plain forward and backward pass."""
    try:
        _trl_step(findings, folder, device, load)
    except ImportError as error:
        findings.skip("TRL's step", f"not installed: {error}")
        _generate(findings, folder, device, load)
    _plain_pass(findings, folder, device, load)


def check_flash_attention(findings: Findings, folder: Path, device: str, length: int) -> None:
    """Scores by flash_attention_2 beside those by sdpa, both in bf16."""
    found = []
    for attention in ("flash_attention_2", "sdpa"):
        engine = make_engine(folder, device=device, precision="bf16", attention=attention)
        batch = batch_of(engine, 3, 3, length)
        found.append(scores_of(engine, batch)[0])
    difference = np.abs(found[0] - found[1]).mean()
    findings.at_most("log π beside sdpa, mean difference", difference, BF16_LOG_PROBABILITY)
    step = GroupStep(engine, random_tokens(2, 12, engine.token_rows.end, 5), 4, 16, 0.0)
    step.run(0)
    findings.figure("step after it, s", sum(step.seconds.values()))


def _prompts(load: Load, engine: Engine) -> list[np.ndarray]:
    return random_tokens(load.prompts, load.prompt, engine.token_rows.end, 6)


def _training_pass(engine: Engine, rows: int, length: int) -> Callable[[], None]:
    """Returns a forward and backward pass over whole sequences, each with its own prompt."""
    tokens = random_tokens(rows, length, engine.token_rows.end, 7)
    batch = engine.batch(
        arrays_of([r[: length // 2] for r in tokens], [r[length // 2 :] for r in tokens], 1)
    )

    def weigh(_: int, piece: Columns) -> Weights:
        return Weights(np.ones(len(piece.places), np.float32))

    def run() -> None:
        engine.accumulate(batch, None, 1.0, [], weigh)
        engine.discard()

    return run


def _trl_step(findings: Findings, folder: Path, device: str, load: Load) -> None:
    from trl_step import TRLSteps

    tokenizer = _tokenizer(folder)
    tokens = random_tokens(load.prompts, load.prompt, len(tokenizer), 6)
    steps = TRLSteps(
        folder,
        tokenizer,
        [text_of(row) for row in tokens],
        load.samples,
        load.new,
        0.001,
        2,
        lambda _: None,
        device == "cpu",
        load.precision == "bf16",
    )
    steps.train()
    for phase in ("sampling", "reference", "training", "optimizer"):
        findings.figure(f"TRL's step: {phase}, s", steps.seconds[-1][phase])
    findings.figure("TRL's step, s", steps.seconds[-1]["total"])


def _generate(findings: Findings, folder: Path, device: str, load: Load) -> None:
    model = _plain_model(folder, device, load)
    rows = random_tokens(load.prompts, load.prompt, model.config.vocab_size, 6)
    given = torch.from_numpy(np.stack(rows)).to(device)

    def run() -> None:
        with torch.no_grad():
            model.generate(
                given,
                attention_mask=torch.ones_like(given),
                num_return_sequences=load.samples,
                do_sample=True,
                top_k=0,
                max_new_tokens=load.new,
                eos_token_id=None,
                pad_token_id=0,
            )

    seconds = _timed(run, torch.device(device), warm=1)
    findings.figure("transformers' generate, tokens/s", load.rows * load.new / seconds)


def _plain_pass(findings: Findings, folder: Path, device: str, load: Load) -> None:
    """Cross entropy of the second halves, all logits at once."""
    model = _plain_model(folder, device, load)
    rows, length = max(1, load.rows // 4), load.prompt + load.new
    tokens = np.stack(random_tokens(rows, length, model.config.vocab_size, 7))
    given = torch.from_numpy(tokens).to(device)
    keep = length - length // 2

    def run() -> None:
        logits = model(given, use_cache=False, logits_to_keep=keep + 1).logits[:, :-1].float()
        torch.nn.functional.cross_entropy(
            logits.flatten(0, 1), given[:, -keep:].flatten()
        ).backward()
        model.zero_grad()

    seconds = _timed(run, torch.device(device), warm=1)
    findings.figure("plain training pass, tokens/s", rows * length / seconds)


def _plain_model(folder: Path, device: str, load: Load) -> Any:
    from transformers import AutoModelForCausalLM

    dtype = torch.bfloat16 if load.precision == "bf16" else torch.float32
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    return model.to(device)


def _tokenizer(folder: Path) -> Any:
    # By its class: the automatic choice is the family's, which reads other words.
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast.from_pretrained(folder)


def _timed(work: Callable[[], None], device: torch.device, warm: int = 0) -> float:
    """Returns the seconds of one run, after some that don't count."""
    for _ in range(warm):
        work()
    synchronize(device)
    began = time.perf_counter()
    work()
    synchronize(device)
    return time.perf_counter() - began


def _peak_bytes(device: str) -> int:
    """Returns the most memory that tensors took on a device, or the process on the processor."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
