"""One GRPO step of the engine, in process and phase by phase: what the host's calls do together."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

ENGINE = Path(__file__).resolve().parents[1]
for folder in (ENGINE, ENGINE.parents[2] / "Python"):
    if folder.is_dir() and str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

from fulcrum_engine.batch import Batch  # noqa: E402
from fulcrum_engine.decoding import Decoder  # noqa: E402
from fulcrum_engine.engine import Engine  # noqa: E402
from fulcrum_engine.ranks import Place, Ranks  # noqa: E402
from fulcrum_engine.rows import Completions, Prompt, Request  # noqa: E402
from fulcrum_engine.sampler import Distribution  # noqa: E402
from fulcrum_engine.settings import Settings  # noqa: E402
from fulcrum_engine.training import Columns, Weights  # noqa: E402

PHASES = ("sampling", "reference", "training", "optimizer")


def make_engine(folder: Path, **settings: object) -> Engine:
    """A loaded engine of one rank; settings have underscores here."""
    named = {name.replace("_", "-"): value for name, value in settings.items()}
    given = Settings.read({"checkpoint": str(folder), **named})
    engine = Engine(given, Ranks(Place(), given.device))
    engine.load()
    return engine


def endless_decoder(engine: Engine) -> Decoder:
    """A decoder that no token ends, so that all completions have the same length."""
    return Decoder(
        engine.scorer,
        [],
        engine.context_length,
        engine.token_rows.end,
        engine.settings.decoding_rows,
        engine.settings.microbatch_tokens,
        engine.ranks.device,
    )


def synchronize(device: torch.device) -> None:
    """Waits until the device has done what was asked of it."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@dataclass
class GroupStep:
    """A GRPO step: samples, scores by the reference, trains on all tokens, moves the weights.

    Attributes:
        prompts: tokens of each.
        samples: of each prompt.
        new_tokens: of each sample, forced.
        kl: weight of the divergence from the reference; 0: there is none.
        clock: gives seconds.
        seconds: of the phases of the last step.
    """

    engine: Engine
    prompts: Sequence[Sequence[int] | np.ndarray]
    samples: int
    new_tokens: int
    kl: float
    learning_rate: float = 1e-6
    clock: Callable[[], float] = time.perf_counter

    def __post_init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._decoder = endless_decoder(self.engine)
        self._reference = self.engine.freeze(0) if self.kl else None

    def run(self, step: int) -> None:
        """Takes a step. Rewards are random: half of the samples are better than the others."""
        self.seconds = dict.fromkeys(PHASES, 0.0)
        with self._timed("sampling"):
            sampled = self.sample(step)
        batch = self._batch(sampled)
        reference: np.ndarray | None = None
        if self._reference is not None:
            with self._timed("reference"):
                columns = self.engine.score(self._reference, batch, 1.0, [])
            assert columns is not None
            reference = columns.log_probabilities
        advantages = self._advantages(step)

        def weigh(_: int, piece: Columns) -> Weights:
            return self._weights(piece, advantages, reference, batch.token_count)

        with self._timed("training"):
            self.engine.accumulate(batch, None, 1.0, [], weigh)
        with self._timed("optimizer"):
            self.engine.apply(self.learning_rate)

    def sample(self, step: int) -> Completions:
        """Draws the step's completions."""
        prompts = [Prompt(tokens, number) for number, tokens in enumerate(self.prompts)]
        request = Request(self.samples, self.new_tokens, Distribution(1.0), 1, step)
        return self._decoder.generate(prompts, request)

    def _batch(self, sampled: Completions) -> Batch:
        lengths = [len(prompt) for prompt in self.prompts]
        return self.engine.batch(
            {
                "promptTokens": np.concatenate([np.asarray(one) for one in self.prompts]),
                "promptOffsets": np.concatenate([[0], np.cumsum(lengths)]),
                "tokens": sampled.tokens,
                "offsets": sampled.offsets,
                "groupOffsets": np.arange(len(lengths) + 1) * self.samples,
            }
        )

    def _advantages(self, step: int) -> np.ndarray:
        """Of each sample, f32: ± 1 within a group, so that none is without a gradient."""
        random = np.random.default_rng(step)
        signs = np.where(np.arange(self.samples) % 2 == 0, 1.0, -1.0)
        return np.concatenate([random.permutation(signs) for _ in self.prompts])

    def _weights(
        self, piece: Columns, advantages: np.ndarray, reference: np.ndarray | None, count: int
    ) -> Weights:
        """∂/∂ log π of the mean over tokens of A π/π_old − β (e^d − d − 1), d = log π_ref − log π.

        Tokens are new, so π/π_old is 1 but for rounding.
        """
        weights = advantages[piece.places // self.new_tokens]
        if reference is not None:
            apart = reference[piece.places] - piece.log_probabilities
            weights = weights + self.kl * np.expm1(apart)
        return Weights((weights / count).astype(np.float32))

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        device = self.engine.ranks.device
        synchronize(device)
        began = self.clock()
        yield
        synchronize(device)
        self.seconds[phase] += self.clock() - began
