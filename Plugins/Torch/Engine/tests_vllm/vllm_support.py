"""What several test files do with a sampler."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from models import TOKENS
from transformers import AutoModelForCausalLM

from fulcrum_engine.engine import Engine
from fulcrum_engine.ranks import Place, Ranks
from fulcrum_engine.rows import Completions, Prompt, Request
from fulcrum_engine.sampler import Distribution
from fulcrum_engine.settings import Settings
from fulcrum_engine.vllm_loading import load_with
from fulcrum_engine.vllm_sampler import VLLMSampler

# Two passes of f32 in other orders: log π of two layers differ by 6e-6 at most here.
LOG_PI = 3e-5
# Little enough for several of them on a small machine.
OPTIONS = ["kv_cache_memory_bytes=67108864", "max_num_seqs=16"]


@contextmanager
def sampling(
    folder: Path, backend: str | None = None, **settings: object
) -> Iterator[tuple[Engine, VLLMSampler]]:
    """An engine with vLLM beside it; settings have underscores here."""
    named = {name.replace("_", "-"): value for name, value in settings.items()}
    given = {"checkpoint": str(folder), "device": "cpu", "sampler": "vllm", "threads": 1}
    read = Settings.read({**given, "vllm-options": OPTIONS, **named})
    engine = Engine(read, Ranks(Place(), read.device))
    sampler = VLLMSampler(engine, backend)
    try:
        load_with(engine, sampler)
        yield engine, sampler
    finally:
        sampler.close()


def prompts_of(lengths: Sequence[int], seed: int = 1) -> list[Prompt]:
    """Random prompts; their numbers are their places, times three."""
    random = np.random.default_rng(seed)
    return [
        Prompt(random.integers(3, TOKENS, length), 3 * number)
        for number, length in enumerate(lengths)
    ]


# A block of vLLM's cache has 128 tokens on the processor: two prompts have whole ones.
LENGTHS = (3, 150, 20, 300)


def request_of(
    samples: int = 2, tokens: int = 24, temperature: float = 1.0, step: int = 3, **more: object
) -> Request:
    """A request with the seed 5."""
    return Request(samples, tokens, Distribution(temperature), 5, step, **more)  # type: ignore[arg-type]


def split(found: Completions) -> list[list[int]]:
    """The tokens of each completion."""
    return [found.tokens[first:end].tolist() for first, end in pairwise(found.offsets)]


def exact(
    folder: Path, prompts: Sequence[Prompt], found: Completions, temperature: float = 1.0
) -> npt.NDArray[np.float32]:
    """log π of the sampled tokens by transformers' whole passes in f32."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    sequences = split(found)
    samples = len(sequences) // len(prompts)
    values = []
    for number, tokens in enumerate(sequences):
        prompt = np.asarray(prompts[number // samples].tokens)
        row = torch.from_numpy(np.concatenate([prompt, tokens]).astype(np.int64))
        with torch.no_grad():
            logits = model(row[None]).logits[0, len(prompt) - 1 : -1, :TOKENS]
        log_pi = (logits.float() / temperature).log_softmax(-1)
        values.append(log_pi.gather(1, row[len(prompt) :, None])[:, 0].numpy())
    return np.concatenate(values)


def assert_exact(
    folder: Path, prompts: Sequence[Prompt], found: Completions, temperature: float = 1.0
) -> None:
    """Asserts that log π are transformers'."""
    expected = exact(folder, prompts, found, temperature)
    np.testing.assert_allclose(found.log_probabilities, expected, atol=LOG_PI, rtol=0)


def move(engine: Engine, seed: int = 1, size: float = 0.05) -> None:
    """Changes all trained weights by random steps, as an optimiser's step does."""
    generator = torch.Generator().manual_seed(seed)
    snapshot = engine.snapshot()
    values = engine.slots._snapshots[snapshot].values
    for value in values:
        value.add_(size * torch.randn(value.shape, generator=generator))
    engine.restore(snapshot)
    engine.forget(snapshot)


def saved(engine: Engine, folder: Path) -> Path:
    """A folder with the policy as a checkpoint."""
    folder.mkdir()
    engine.save(0, str(folder))
    return folder


Sample = Callable[[VLLMSampler], Completions]
