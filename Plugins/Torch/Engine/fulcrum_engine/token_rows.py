"""Which rows of the embedding and the head have a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from .errors import EngineError


@dataclass(frozen=True)
class TokenRows:
    """The rows that have a token of the tokenizer; no other row has a probability.

    Attributes:
        end: the number behind the last token's: so many logits are used.
        holes: rows before `end` without a token, ascending, as i64 [holes].
    """

    end: int
    holes: torch.Tensor

    @property
    def count(self) -> int:
        """The number of tokens."""
        return self.end - len(self.holes)

    @staticmethod
    def of(tokenizer: Any, rows: int) -> TokenRows:
        """Returns the rows of a tokenizer's tokens, of a model that has `rows` of them.

        Raises:
            EngineError: checkpoint, if the model has no rows for some ordinary tokens.
        """
        # Some published tokenizers have special tokens that the model doesn't.
        added = tokenizer.get_added_vocab()
        beyond = [
            number
            for text, number in tokenizer.get_vocab().items()
            if number >= rows and text not in added
        ]
        if beyond:
            raise EngineError(
                "checkpoint",
                f"expected tokens below {rows}, which the model has rows for, got {max(beyond)} in"
                " the tokenizer",
                "tokenizer and model are of different checkpoints",
            )
        known = {number for number in tokenizer.get_vocab().values() if 0 <= number < rows}
        end = max(known) + 1 if known else 0
        holes = [number for number in range(end) if number not in known]
        return TokenRows(end, torch.tensor(holes, dtype=torch.int64))

    def cut(self, logits: torch.Tensor) -> torch.Tensor:
        """Returns f32 logits [n, end] of [n, rows], −∞ where there is no token."""
        kept = logits[:, : self.end].float()
        if len(self.holes):
            # A copy: the logits may be needed in a backward pass.
            kept = kept.index_fill(1, self.holes.to(kept.device), -torch.inf)
        return kept
