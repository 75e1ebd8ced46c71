"""Puts completions together from tokens that another program samples, one at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from .errors import EngineError
from .rows import Completions, Integers, Observer, Prompt, Request, Rows
from .stops import StopFinder


class Collector:
    """The completions of one request as they grow.

    What ends one is decided here, by the same rules as in the engine's own sampling: whoever
    samples may go on for a few tokens more, which are dropped.

    Args:
        vocabulary: tokens are below it.
    """

    def __init__(
        self,
        prompts: Sequence[Prompt],
        request: Request,
        end_tokens: Sequence[int],
        context_length: int,
        vocabulary: int,
        observe: Observer | None = None,
        stops: StopFinder | None = None,
    ) -> None:
        self.count = len(prompts) * request.samples_per_prompt
        self._vocabulary = vocabulary
        self._samples = request.samples_per_prompt
        self._rows = Rows(self.count, prompts, request, end_tokens, context_length, observe, stops)
        self._rows.begin(np.arange(self.count), np.arange(self.count))
        self._is_done = np.zeros(self.count, bool)

    def take(
        self, sequences: Integers, tokens: Integers, log_probabilities: npt.NDArray[np.float32]
    ) -> Integers:
        """Notes new tokens, of one completion in their order; gives the completions that ended.

        Raises:
            EngineError: not-finite, if a log-probability is not; plugin-fault, for what can't be.
        """
        if len(sequences) and (sequences.min() < 0 or sequences.max() >= self.count):
            raise EngineError(
                "plugin-fault", f"expected tokens of {self.count} completions, got others'"
            )
        if len(tokens) and (tokens.min() < 0 or tokens.max() >= self._vocabulary):
            wrong = int(tokens.max() if tokens.max() >= self._vocabulary else tokens.min())
            raise EngineError(
                "plugin-fault",
                f"vLLM drew token {wrong}; the tokenizer has tokens 0 to {self._vocabulary - 1}",
            )
        ended: list[Integers] = []
        while len(sequences):
            # Of each completion its next token; a step may give several.
            first = np.zeros(len(sequences), bool)
            first[np.unique(sequences, return_index=True)[1]] = True
            chosen = first & ~self._is_done[sequences]
            own = sequences[chosen]
            if len(own):
                done = self._rows.take(own, tokens[chosen], log_probabilities[chosen])
                self._is_done[own] = done
                ended.append(own[done])
            sequences, tokens = sequences[~first], tokens[~first]
            log_probabilities = log_probabilities[~first]
        return np.concatenate([np.zeros(0, np.int64), *ended])

    def completions(self, ends: Mapping[str, str]) -> Completions:
        """All that was sampled, once the program says that all have ended.

        Args:
            ends: by a completion's number, why one ended that should not have.

        Raises:
            EngineError: plugin-fault, if one is not at its end.
        """
        if not self._is_done.all():
            number = int(np.flatnonzero(~self._is_done)[0])
            prompt, sample = divmod(number, self._samples)
            raise EngineError(
                "plugin-fault",
                f"vLLM ended sample {sample} of prompt {prompt} after "
                f"{self._rows.position[number]} tokens, where nothing ends it"
                f" ({ends.get(str(number), 'it names no reason')})",
            )
        return self._rows.completions(self.count)
