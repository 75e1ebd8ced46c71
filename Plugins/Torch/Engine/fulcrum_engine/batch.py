"""A batch of prompts with their completions, as it comes with a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import EngineError

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """G prompts, S completions, T completion tokens; sequences of a group are adjacent.

    Attributes:
        prompt_tokens: one prompt after another.
        prompt_offsets: [G + 1] into `prompt_tokens`.
        tokens: [T].
        offsets: [S + 1] into `tokens`.
        group_offsets: [G + 1] into the sequences.
    """

    prompt_tokens: Integers
    prompt_offsets: Integers
    tokens: Integers
    offsets: Integers
    group_offsets: Integers

    @staticmethod
    def read(arrays: Mapping[str, Any], token_rows: int, context_length: int) -> Batch:
        """Returns the batch of a call's arrays.

        Args:
            token_rows: tokens are below it.
            context_length: the most tokens of prompt and completion together.

        Raises:
            EngineError: usage if the arrays don't fit each other; data for an empty prompt, an
                unknown token, or a sequence that is too long.
        """
        names = ("promptTokens", "promptOffsets", "tokens", "offsets", "groupOffsets")
        missing = [name for name in names if name not in arrays]
        if missing:
            raise EngineError("usage", f"expected the array '{missing[0]}' in the call, got none")
        batch = Batch(*(np.asarray(arrays[name]).astype(np.int64) for name in names))
        batch._check_offsets()
        batch._check_tokens(token_rows, context_length)
        return batch

    @property
    def token_count(self) -> int:
        return len(self.tokens)

    @property
    def sequence_count(self) -> int:
        return len(self.offsets) - 1

    def groups(self) -> Integers:
        """Returns the group of each sequence, [S]."""
        return np.repeat(np.arange(len(self.group_offsets) - 1), np.diff(self.group_offsets))

    def prompt(self, group: int) -> Integers:
        """Returns the tokens of a group's prompt."""
        return self.prompt_tokens[self.prompt_offsets[group] : self.prompt_offsets[group + 1]]

    def _check_offsets(self) -> None:
        pairs = (
            ("promptOffsets", self.prompt_offsets, len(self.prompt_tokens), "prompt tokens"),
            ("offsets", self.offsets, len(self.tokens), "tokens"),
            ("groupOffsets", self.group_offsets, self.sequence_count, "sequences"),
        )
        for name, offsets, end, things in pairs:
            is_whole = len(offsets) > 0 and offsets[0] == 0 and offsets[-1] == end
            if not is_whole or np.any(np.diff(offsets) < 0):
                raise EngineError(
                    "usage", f"expected '{name}' to ascend from 0 to {end} {things}, got others"
                )
        if len(self.prompt_offsets) != len(self.group_offsets):
            raise EngineError(
                "usage",
                f"expected a group for each of {len(self.prompt_offsets) - 1} prompts, got"
                f" {len(self.group_offsets) - 1}",
            )

    def _check_tokens(self, token_rows: int, context_length: int) -> None:
        for things, tokens in (("prompts", self.prompt_tokens), ("completions", self.tokens)):
            wrong = tokens[(tokens < 0) | (tokens >= token_rows)]
            if len(wrong):
                raise EngineError(
                    "data",
                    f"expected tokens from 0 to {token_rows - 1} in {things}, got {wrong[0]}",
                )
        groups = self.groups()
        prompts = np.diff(self.prompt_offsets)[groups]
        lengths = np.diff(self.offsets)
        if np.any(prompts == 0):
            group = groups[np.flatnonzero(prompts == 0)[0]]
            raise EngineError("data", f"expected prompts of at least 1 token, prompt {group} has 0")
        if len(lengths) and np.max(prompts + lengths) > context_length:
            sequence = int(np.argmax(prompts + lengths))
            raise EngineError(
                "data",
                f"sequence {sequence} has {prompts[sequence]} prompt tokens and"
                f" {lengths[sequence]} more, which is over the context of {context_length}",
                "ask for shorter completions, or leave out long prompts",
            )
