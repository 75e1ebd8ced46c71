"""The language model with its scores as one module, so that FSDP2 can shard it whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.checkpoint import checkpoint
from transformers import DynamicCache

from .final_logits import Transform, final_transforms
from .statistics import Statistic, further_statistics, top_tokens
from .token_rows import TokenRows
from .token_scores import token_scores
from .work import Work

# Memory of the logits that are computed at a time, unless the setting `logit-rows` says other. On
# CUDA few large products are faster, and a bf16 head's gradient has few terms to add up in bf16.
_LOGIT_BYTES = {"cpu": 128 << 20, "cuda": 1 << 30}
# A pass on the processor keeps so much of them until its backward pass, for it is slow at computing
# them again.
KEPT_BYTES = {"cpu": 512 << 20, "cuda": 0}


class Scorer(nn.Module):
    """Owns a causal language model, and computes scores of tokens.

    The head's logits exist for some rows at a time only, in the backward pass too, where they are
    computed again but for those of the first rows.

    Attributes:
        model: a `…ForCausalLM` of transformers, adapters injected if there are any.
        token_rows: the rows that have a token.
        is_direct: whether `forward` applies the head to the rows that it needs; else it takes
            the model's own logits, all of them.
    """

    def __init__(self, model: nn.Module, token_rows: TokenRows, logit_rows: int = 0) -> None:
        super().__init__()
        self.model = model
        self.token_rows = token_rows
        config = model.config.get_text_config()  # type: ignore[operator, union-attr]
        self._transforms: list[Transform] = final_transforms(config)
        self._logit_rows = logit_rows
        self.is_direct = True

    def forward(
        self,
        work: Work,
        temperature: float,
        statistics: Sequence[Statistic] = (),
        candidates: int = 0,
    ) -> tuple[torch.Tensor, ...]:
        """Returns log π, entropy, lever, f32 [n] each, log π of the likeliest tokens, f32
        [n, candidates], then f32 [n, width] for each statistic.

        All but levers and statistics are differentiable in the parameters if gradients are enabled.
        """
        # A tuple of tensors, for FSDP2 finds no others on which to hang its backward hooks.
        states = self.states(work)
        columns: list[tuple[torch.Tensor, ...]] = []
        chunk = self._chunk(states.device)
        kept = self._kept(states.device)
        for first in range(0, len(work.rows), chunk):
            part = slice(first, first + chunk)
            rows, targets = work.rows[part], work.targets[part]
            keeps = first + len(rows) <= kept
            columns.append(
                self._scores(states, rows, targets, temperature, statistics, candidates, keeps)
            )
        return tuple(torch.cat(parts) for parts in zip(*columns, strict=True))

    def states(self, work: Work) -> torch.Tensor:
        """Returns what logits are made of, row by row: hidden states, or the logits themselves."""
        if work.shared is None:
            return self._outputs(work.tokens).flatten(0, 1)
        shared = work.shared
        cache = DynamicCache()
        prompts = self._outputs(shared.tokens, past_key_values=cache, use_cache=True)
        if work.tokens.shape[1] == 0:
            return prompts.flatten(0, 1)
        # The prompts' padding lies between prompt and completion; no row sees it.
        cache.reorder_cache(shared.owners)
        lengths = shared.lengths[shared.owners].unsqueeze(1)
        width = work.tokens.shape[1]
        steps = torch.arange(shared.tokens.shape[1] + width, device=work.tokens.device)
        sees = (steps < lengths) | (steps >= shared.tokens.shape[1])
        completions = self._outputs(
            work.tokens,
            past_key_values=cache,
            use_cache=True,
            attention_mask=sees.long(),
            position_ids=lengths + steps[:width],
        )
        return torch.cat([prompts.flatten(0, 1), completions.flatten(0, 1)])

    def next_logits(self, tokens: torch.Tensor, rows: torch.Tensor, **inputs: Any) -> torch.Tensor:
        """Returns the logits of some rows, f32 [n, end], −∞ for rows that have no token.

        Args:
            tokens: i64 [R, L].
            rows: in the R · L rows, i64 [n].
            inputs: what else the model reads: past_key_values, attention_mask, position_ids, ….
        """
        states = self._outputs(tokens, **inputs).flatten(0, 1)
        return self.token_rows.cut(self.logits(states.index_select(0, rows)))

    def logits(self, states: torch.Tensor) -> torch.Tensor:
        """Returns the model's logits [n, rows of the head] of `states` [n, …]."""
        if not self.is_direct:
            return states
        logits: torch.Tensor = self.model.get_output_embeddings()(states)  # type: ignore[operator]
        for transform in self._transforms:
            logits = transform(logits)
        return logits

    def _chunk(self, device: torch.device) -> int:
        """Returns the number of rows whose logits are computed at a time."""
        if self._logit_rows:
            return self._logit_rows
        return max(1, _LOGIT_BYTES[device.type] // (4 * max(1, self.token_rows.end)))

    def _kept(self, device: torch.device) -> int:
        """Returns the number of rows whose logits are kept for the backward pass."""
        if self._logit_rows:
            return 0
        return KEPT_BYTES[device.type] // (4 * max(1, self.token_rows.end))

    def _outputs(self, tokens: torch.Tensor, **inputs: Any) -> torch.Tensor:
        """Returns hidden states [R, L, width], or logits [R, L, rows of the head]."""
        inputs.setdefault("use_cache", False)
        # Right padding needs no mask: attention is causal, and no row of it is asked for.
        if self.is_direct:
            base = self.model.base_model
            hidden: torch.Tensor = base(input_ids=tokens, **inputs).last_hidden_state  # type: ignore[operator]
            return hidden
        logits: torch.Tensor = self.model(input_ids=tokens, **inputs).logits
        return logits

    def _scores(
        self,
        states: torch.Tensor,
        rows: torch.Tensor,
        targets: torch.Tensor,
        temperature: float,
        statistics: Sequence[Statistic],
        candidates: int,
        keeps: bool,
    ) -> tuple[torch.Tensor, ...]:
        """Returns the columns of some rows, whose logits are kept, or are computed again."""
        further: list[torch.Tensor] = []

        def compute(own: torch.Tensor) -> tuple[torch.Tensor, ...]:
            logits = self.token_rows.cut(self.logits(own))
            if statistics and not further:
                # Once only, not when the backward pass computes the logits again.
                with torch.no_grad():
                    further.extend(
                        further_statistics(logits.detach(), targets, temperature, statistics)
                    )
            likeliest = top_tokens(logits.detach(), candidates) if candidates else None
            return token_scores(logits, targets, temperature, likeliest)

        own = states.index_select(0, rows)
        if torch.is_grad_enabled() and self.is_direct and not keeps:
            scores = checkpoint(compute, own, use_reentrant=False, preserve_rng_state=False)
        else:
            scores = compute(own)
        return (*scores, *further)
