"""The samples that are decoded now, as columns on the host: who they are, how far, their draws.

A row is a place in the batch; which sample sits in it changes nothing in the sample's tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .errors import EngineError
from .philox import CounterRandom
from .sampler import Distribution
from .stops import StopFinder, check_stops

Integers = npt.NDArray[np.int64]
# Called once a step with the prompts' indices, the sample numbers and the tokens, i32 each.
Observer = Callable[[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]], None]

# Uniform numbers of a row that are made at a time: few calls, little waste where a row ends early.
_AHEAD = 128


@dataclass(frozen=True)
class Prompt:
    """A prompt's tokens, and the number that its draws are keyed by."""

    tokens: Sequence[int] | npt.NDArray[np.signedinteger]
    id: int


@dataclass(frozen=True)
class Request:
    """What is sampled for each prompt.

    Attributes:
        samples_per_prompt: completions of each prompt, G.
        maximum_tokens: a completion of this length without an end is cut.
        distribution: what tokens are drawn from.
        seed: of the run, 64 bits.
        step: of the run, 32 bits.
        minimum_tokens: nothing ends a completion within so many first tokens.
        stop_strings: a completion ends with the token with which its text first has one of them.
    """

    samples_per_prompt: int
    maximum_tokens: int
    distribution: Distribution
    seed: int
    step: int
    minimum_tokens: int = 0
    stop_strings: Sequence[str] = ()


@dataclass(frozen=True)
class Completions:
    """What was sampled, sequence after sequence: prompt 0's G samples, prompt 1's, …

    Attributes:
        tokens: [T] i32; a finished completion's last is an end token, or completes a stop string.
        offsets: [P·G + 1] i64 into tokens.
        log_probabilities: [T] f32, nats, of the whole distribution at the temperature.
        finished: [P·G] u8, 1 where the completion ended by itself.
    """

    tokens: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    log_probabilities: npt.NDArray[np.float32]
    finished: npt.NDArray[np.uint8]


class Rows:
    """The live rows, and what they have drawn.

    Attributes:
        sequence: [rows] i64, the sample in each row, numbered prompt-major.
        position: [rows] i64, how many tokens it has drawn.
        length: [rows] i64, how many tokens of it a cache holds: prompt, and all but the last drawn.
        token: [rows] i64, its last drawn token.
    """

    def __init__(
        self,
        count: int,
        prompts: Sequence[Prompt],
        request: Request,
        end_tokens: Sequence[int],
        context_length: int,
        observe: Observer | None = None,
        stops: StopFinder | None = None,
    ) -> None:
        self.sequence, self.position, self.length, self.token = (
            np.zeros(count, np.int64) for _ in range(4)
        )
        self._limit = np.zeros(count, np.int64)
        self._draws = np.zeros((count, _AHEAD), np.float32)
        self._request = request
        self._random = CounterRandom(request.seed, "sampling")
        self._ids = np.array([prompt.id for prompt in prompts], np.uint64)
        self._prompt_lengths = np.array([len(prompt.tokens) for prompt in prompts], np.int64)
        self._limits = np.minimum(request.maximum_tokens, context_length - self._prompt_lengths)
        self._ends = np.array(sorted(end_tokens), np.int64)
        self._observe = observe
        self._stops = stops
        self._is_finished = np.zeros(len(prompts) * request.samples_per_prompt, np.uint8)
        self._taken: list[tuple[Integers, Integers, npt.NDArray[np.float32]]] = []

    def begin(self, places: Integers, sequences: Integers) -> None:
        """Puts samples, of which nothing is drawn yet, into rows."""
        prompts = sequences // self._request.samples_per_prompt
        self.sequence[places] = sequences
        self.position[places] = 0
        self.length[places] = self._prompt_lengths[prompts]
        self._limit[places] = self._limits[prompts]

    def move(self, places: Integers, sources: Integers) -> None:
        """Moves samples from rows `sources` to rows `places`."""
        columns = (self.sequence, self.position, self.length, self.token, self._limit, self._draws)
        for column in columns:
            column[places] = column[sources]

    def uniforms(self, places: Integers) -> npt.NDArray[np.float32]:
        """The uniform number of each row's next token."""
        within = self.position[places] % _AHEAD
        if (is_used_up := within == 0).any():
            self._make_draws(places[is_used_up])
        drawn: npt.NDArray[np.float32] = self._draws[places, within]
        return drawn

    def may_not_end(self, places: Integers) -> npt.NDArray[np.bool_] | None:
        """Which rows' next tokens may not be end tokens; None: every one may."""
        if self._request.minimum_tokens == 0:
            return None
        is_short: npt.NDArray[np.bool_] = self.position[places] < self._request.minimum_tokens
        return is_short if is_short.any() else None

    def take(
        self, places: Integers, tokens: Integers, log_probabilities: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.bool_]:
        """Notes each row's next token; gives which rows have ended with it.

        Raises:
            EngineError: not-finite, if a log-probability is not.
        """
        sequences = self.sequence[places]
        if not np.isfinite(log_probabilities).all():
            bad = int(np.flatnonzero(~np.isfinite(log_probabilities))[0])
            raise EngineError(
                "not-finite",
                f"the logits of prompt {sequences[bad] // self._request.samples_per_prompt}, "
                f"sample {sequences[bad] % self._request.samples_per_prompt}, "
                f"token {self.position[places][bad]} are not finite",
                "lower the learning rate, or start from an earlier checkpoint",
            )
        self._taken.append((sequences, tokens, log_probabilities))
        self.token[places] = tokens
        self.position[places] += 1
        if self._observe is not None:
            prompts, samples = np.divmod(sequences, self._request.samples_per_prompt)
            self._observe(
                prompts.astype(np.int32), samples.astype(np.int32), tokens.astype(np.int32)
            )
        is_end = (tokens[:, None] == self._ends).any(1)
        if self._stops is not None:
            is_end |= self._stops.read(sequences, tokens, self.position[places])
        self._is_finished[sequences] = is_end
        done: npt.NDArray[np.bool_] = is_end | (self.position[places] >= self._limit[places])
        return done

    def completions(self, count: int) -> Completions:
        """All that was drawn, of `count` sequences."""
        empty = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32))
        columns = zip(*(self._taken or [empty]), strict=True)
        sequences, tokens, log_probabilities = (np.concatenate(column) for column in columns)
        # Stable: a sequence's tokens were taken in their order.
        order = np.argsort(sequences, kind="stable")
        offsets = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(sequences, minlength=count), out=offsets[1:])
        tokens = tokens[order].astype(np.int32)
        return Completions(tokens, offsets, log_probabilities[order], self._is_finished)

    def _make_draws(self, places: Integers) -> None:
        prompts, samples = np.divmod(self.sequence[places], self._request.samples_per_prompt)
        positions = self.position[places][:, None] + np.arange(_AHEAD)
        self._draws[places] = self._random.uniform(
            self._request.step, self._ids[prompts][:, None], samples[:, None], positions
        )


def check(
    prompts: Sequence[Prompt], request: Request, context_length: int, vocabulary: int
) -> None:
    """Refuses what can't be sampled.

    Raises:
        EngineError: usage, for an impossible request; data, for a prompt that is empty, leaves no
            room in the context or has an unknown token.
    """
    drawn = request.distribution
    if not (np.isfinite(drawn.temperature) and drawn.temperature >= 0):
        raise EngineError("usage", f"expected a temperature of at least 0, got {drawn.temperature}")
    if drawn.top_k < 0:
        raise EngineError(
            "usage", f"expected a top-k of at least 0, got {drawn.top_k}", "0 draws from all tokens"
        )
    if not 0 < drawn.top_p <= 1:
        raise EngineError(
            "usage",
            f"expected a top-p above 0 and at most 1, got {drawn.top_p}",
            "1 draws from all tokens",
        )
    if not 0 <= drawn.min_p <= 1:
        raise EngineError(
            "usage", f"expected a min-p from 0 to 1, got {drawn.min_p}", "0 draws from all tokens"
        )
    if request.samples_per_prompt < 1 or request.maximum_tokens < 1:
        raise EngineError(
            "usage",
            f"expected at least 1 sample of at least 1 token, got {request.samples_per_prompt} "
            f"of {request.maximum_tokens}",
        )
    if not 0 <= request.minimum_tokens <= request.maximum_tokens:
        raise EngineError(
            "usage",
            f"expected a minimum length from 0 to the longest, {request.maximum_tokens} tokens, "
            f"got {request.minimum_tokens}",
        )
    check_stops(request.stop_strings)
    for index, prompt in enumerate(prompts):
        tokens = np.asarray(prompt.tokens)
        if len(tokens) == 0:
            raise EngineError("data", f"prompt {index} must have a token; it is empty")
        if len(tokens) >= context_length:
            raise EngineError(
                "data",
                f"prompt {index} of {len(tokens)} tokens leaves no room in a context of "
                f"{context_length}",
                "shorten the prompt, or use a model of a longer context",
            )
        if tokens.min() < 0 or tokens.max() >= vocabulary:
            bad = int(tokens[(tokens < 0) | (tokens >= vocabulary)][0])
            raise EngineError(
                "data",
                f"prompt {index} has token {bad}; the model has tokens 0 to {vocabulary - 1}",
            )
