"""Decodes with a model's own cache: samples whose prompts have one length, step by step together.

For models with layers that `RowCache` can't serve: recurrent states (Mamba, linear attention),
attention in chunks, compressed or shared keys. Prompts of one length need no padding and no mask,
so a recurrent state never sees a padding token. Rows that ended are dropped when they are half of
the batch, and no sample takes their place before the batch is done. A model that decodes rightly
with no cache that we know is given all tokens at each step: slow, but right.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from .masks import padded
from .rows import Integers, Prompt, Request, Rows

if TYPE_CHECKING:
    from .decoding import Decoder


def decode_lockstep(
    decoder: Decoder, prompts: Sequence[Prompt], request: Request, rows: Rows
) -> None:
    """Samples all completions into `rows`; see `Decoder.generate`."""
    samples = request.samples_per_prompt
    lengths = np.array([len(prompt.tokens) for prompt in prompts])
    for length in np.unique(lengths):
        of_length = np.flatnonzero(lengths == length)
        sequences = (of_length[:, None] * samples + np.arange(samples)).ravel()
        for first in range(0, len(sequences), len(rows.sequence)):
            part = sequences[first : first + len(rows.sequence)]
            _decode_batch(decoder, prompts, request, rows, part)


def _decode_batch(
    decoder: Decoder,
    prompts: Sequence[Prompt],
    request: Request,
    rows: Rows,
    sequences: Integers,
) -> None:
    device = decoder.device
    numbers, owners = np.unique(sequences // request.samples_per_prompt, return_inverse=True)
    tokens, _ = padded([prompts[number] for number in numbers], device)
    model = _Steps(decoder)
    logits = model.prefill(tokens, torch.from_numpy(owners).to(device))
    # Row i of the model's batch is the sample in place live[i].
    live = np.arange(len(sequences))
    is_done = np.zeros(len(sequences), bool)
    rows.begin(live, sequences)
    while True:
        # Rows that have ended are computed along until they are dropped, but draw no more.
        drawing = np.flatnonzero(~is_done)
        chosen = logits[torch.from_numpy(drawing).to(device)]
        is_done[drawing] = decoder.draw(chosen, live[drawing], rows, request)
        left = np.flatnonzero(~is_done)
        if len(left) == 0:
            return
        if 2 * len(left) <= len(live):
            model.keep(torch.from_numpy(left).to(device))
            live, is_done = live[left], is_done[left]
        logits = model.step(
            torch.from_numpy(rows.token[live][:, None]).to(device), int(rows.length[live[0]])
        )
        rows.length[live] += 1


class _Steps:
    """A model's passes over rows of one length, with its own cache or, if need be, without one."""

    def __init__(self, decoder: Decoder) -> None:
        self._scorer = decoder.scorer
        self._argument = decoder.cache_argument
        self._cache = DynamicCache(config=self._scorer.model.config.get_text_config())
        self._tokens = torch.zeros(0, 0, dtype=torch.int64)

    def prefill(self, tokens: Tensor, owners: Tensor) -> Tensor:
        """The logits behind each row's prompt, which is tokens[owners[row]]."""
        logits = self._pass(tokens)
        self.keep(owners)
        return logits[owners]

    def step(self, tokens: Tensor, position: int) -> Tensor:
        """The logits behind tokens [rows, 1], which are at `position` of all rows."""
        if self._argument is None:
            return self._pass(torch.cat([self._tokens, tokens], 1))
        return self._pass(tokens, position_ids=torch.full_like(tokens, position))

    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows of the last pass, in this order."""
        if self._argument is None:
            self._tokens = self._tokens[rows]
        else:
            self._cache.reorder_cache(rows)

    def _pass(self, tokens: Tensor, **inputs: Any) -> Tensor:
        count, length = tokens.shape
        last = (torch.arange(count, device=tokens.device) + 1) * length - 1
        if self._argument is None:
            self._tokens = tokens
            return self._scorer.next_logits(tokens, last, use_cache=False)
        inputs[self._argument] = self._cache
        return self._scorer.next_logits(tokens, last, use_cache=True, **inputs)
