"""Samples completions in a batch whose rows come and go.

A prompt is computed once for its samples; their rows begin with copies of its keys and values. A
row that ends makes room for the next sample at once, so the batch stays full to the last samples.
Models whose caches are more than keys under a mask are served by `lockstep.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from . import rows as sampled
from .cache import RowCache
from .lockstep import decode_lockstep
from .masks import StepMasks, padded
from .packed import packed
from .probe import cache_argument, can_decode_in_rows
from .rows import Completions, Integers, Observer, Prompt, Request, Rows
from .sampler import draw
from .stops import Decode, finder_of


class LanguageModel(Protocol):
    """What decoding needs of a model: `Scorer` is one."""

    model: Any

    def next_logits(self, tokens: Tensor, rows: Tensor, **inputs: Any) -> Tensor:
        """Logits f32 [n, tokens that there are] of rows [n] in the R · L places of [R, L] tokens.

        −∞ for numbers without a token; `inputs` are the model's own.
        """
        ...


@dataclass
class Decoder:
    """Samples from one model.

    Attributes:
        scorer: the model.
        end_tokens: any of them ends a completion.
        context_length: prompt and completion together may not be longer.
        vocabulary: prompts' tokens are below it.
        rows: the most rows that are live at a time.
        prefill_tokens: the most padded tokens of prompts that are computed at a time.
        device: where the model is.
        beat: is called after each step.
        decode: gives the texts of tokens, in which stop strings are looked for.
        cache_argument: the name by which a model that is decoded in lockstep takes its cache.
    """

    scorer: LanguageModel
    end_tokens: Sequence[int]
    context_length: int
    vocabulary: int
    rows: int = 64
    prefill_tokens: int = 8192
    device: torch.device = torch.device("cpu")  # noqa: RUF009 (a device is immutable)
    beat: Callable[[], None] = lambda: None
    decode: Decode | None = None

    cache_argument: str | None = None
    _masks: StepMasks | None = None
    _is_probed: bool = False

    @torch.no_grad()
    def generate(
        self, prompts: Sequence[Prompt], request: Request, observe: Observer | None = None
    ) -> Completions:
        """Samples completions of each prompt.

        A sample's tokens are a function of its logits and of (seed, step, prompt id, sample,
        position): neither the order of prompts nor `rows` changes them, but for what rounding in
        another batch does to logits.

        Raises:
            EngineError: usage or data, for what can't be sampled; not-finite, for logits.
        """
        sampled.check(prompts, request, self.context_length, self.vocabulary)
        count = len(prompts) * request.samples_per_prompt
        rows = Rows(
            min(self.rows, count),
            prompts,
            request,
            self.end_tokens,
            self.context_length,
            observe,
            finder_of(
                request.stop_strings,
                request.minimum_tokens,
                self.end_tokens,
                self.vocabulary,
                self.decode,
            ),
        )
        if count == 0:
            return rows.completions(0)
        with _evaluating(self.scorer.model):
            masks = self._step_masks()
            with packed(self.scorer.model, len(rows.sequence), request.maximum_tokens):
                if masks is None:
                    decode_lockstep(self, prompts, request, rows)
                else:
                    with _masked_attention(self.scorer.model):
                        _Run(self, masks, prompts, request, rows).run()
        return rows.completions(count)

    def draw(self, logits: Tensor, places: Integers, rows: Rows, request: Request) -> np.ndarray:
        """Draws the next token of rows at `places`; gives which of them have ended."""
        uniform = torch.from_numpy(rows.uniforms(places)).to(self.device)
        barred = self._barred(rows.may_not_end(places))
        tokens, log_probabilities = draw(logits, uniform, request.distribution, barred)
        self.beat()
        return rows.take(places, tokens.cpu().numpy(), log_probabilities.cpu().numpy())

    def _barred(self, may_not_end: np.ndarray | None) -> Tensor | None:
        """Which tokens [rows, vocabulary] are not drawn: the end tokens, in the rows told."""
        if may_not_end is None:
            return None
        is_end = torch.zeros(self.vocabulary, dtype=torch.bool)
        is_end[[token for token in self.end_tokens if 0 <= token < self.vocabulary]] = True
        return (torch.from_numpy(may_not_end)[:, None] & is_end).to(self.device)

    def _step_masks(self) -> StepMasks | None:
        if not self._is_probed:
            model = self.scorer.model
            with _masked_attention(model):
                masks = StepMasks.of(model.config.get_text_config())
                if masks is not None and can_decode_in_rows(self.scorer, masks, self.device):
                    self._masks = masks
            if self._masks is None:
                self.cache_argument = cache_argument(self.scorer, self.device)
            self._is_probed = True
        return self._masks


class _Prefilled:
    """Prompts whose keys, values and last logits are there, until all their samples began."""

    def __init__(self, first: int, cache: DynamicCache, logits: Tensor, lengths: Integers) -> None:
        self.first, self.cache, self.logits, self.lengths = first, cache, logits, lengths

    @property
    def end(self) -> int:
        return self.first + len(self.lengths)


class _Run:
    """One `generate`: rows 0 to live − 1 are live, samples from `next` on wait."""

    def __init__(
        self,
        decoder: Decoder,
        masks: StepMasks,
        prompts: Sequence[Prompt],
        request: Request,
        rows: Rows,
    ) -> None:
        self.decoder, self.masks = decoder, masks
        self.prompts, self.request, self.rows = prompts, request, rows
        self.count = len(prompts) * request.samples_per_prompt
        self.next = 0
        self.live = 0
        longest = max(len(prompt.tokens) for prompt in prompts)
        most = min(decoder.context_length, longest + request.maximum_tokens)
        layers = decoder.scorer.model.config.get_text_config().num_hidden_layers
        self.cache = RowCache(len(rows.sequence), most, layers)
        self.prefilled: _Prefilled | None = None

    def run(self) -> None:
        self._admit(np.arange(len(self.rows.sequence)))
        while self.live:
            places = np.arange(self.live)
            ended = np.flatnonzero(self.decoder.draw(self._step(), places, self.rows, self.request))
            if len(ended):
                self._admit(ended)

    def _step(self) -> Tensor:
        """The logits of each live row's next token."""
        device, rows, live = self.decoder.device, self.rows, self.live
        longest = int(rows.length[:live].max())
        lengths = torch.from_numpy(rows.length[:live].copy()).to(device)
        tokens = torch.from_numpy(rows.token[:live, None].copy()).to(device)
        self.cache.begin_step(lengths, longest)
        logits = self.decoder.scorer.next_logits(
            tokens,
            torch.arange(live, device=device),
            position_ids=lengths[:, None],
            attention_mask=self.masks.make(lengths, longest),
            past_key_values=self.cache,
            use_cache=True,
        )
        rows.length[:live] += 1
        return logits

    def _admit(self, free: Integers) -> None:
        """Fills free rows with samples that wait; if there are none, moves live rows up."""
        while len(free) and self.next < self.count:
            free = self._begin(free)
        if len(free):
            self._close_gaps(free)

    def _begin(self, free: Integers) -> Integers:
        """Begins samples of one batch of prompts; gives the rows that are still free."""
        samples = self.request.samples_per_prompt
        prefilled = self._prefilled_of(self.next // samples)
        count = min(len(free), prefilled.end * samples - self.next)
        places, rest = free[:count], free[count:]
        sequences = np.arange(self.next, self.next + count)
        self.next += count
        self.live = max(self.live, int(places.max()) + 1)
        self.rows.begin(places, sequences)
        sources = sequences // samples - prefilled.first
        device = self.decoder.device
        chosen = torch.from_numpy(sources).to(device)
        self.cache.put(
            torch.from_numpy(places).to(device),
            prefilled.cache,
            chosen,
            int(prefilled.lengths[sources].max()),
        )
        ended = self.decoder.draw(prefilled.logits[chosen], places, self.rows, self.request)
        return np.concatenate([places[ended], rest])

    def _prefilled_of(self, prompt: int) -> _Prefilled:
        """The prefilled batch that a prompt is in; computed if it is the next one's first."""
        if self.prefilled is None or prompt >= self.prefilled.end:
            # As many prompts as fill the rows once, or the tokens of a pass.
            end = prompt + 1
            longest = len(self.prompts[prompt].tokens)
            wanted = -(-len(self.rows.sequence) // self.request.samples_per_prompt)
            while end < min(len(self.prompts), prompt + wanted):
                longest = max(longest, len(self.prompts[end].tokens))
                if (end + 1 - prompt) * longest > self.decoder.prefill_tokens:
                    break
                end += 1
            self.prefilled = None
            self.prefilled = self._prefill(prompt, end)
        return self.prefilled

    def _prefill(self, first: int, end: int) -> _Prefilled:
        tokens, lengths = padded(self.prompts[first:end], self.decoder.device)
        cache = DynamicCache()
        # Right padding needs no mask: attention is causal, and no row behind a prompt is used.
        last = torch.arange(end - first, device=tokens.device) * tokens.shape[1] + lengths - 1
        logits = self.decoder.scorer.next_logits(
            tokens, last, past_key_values=cache, use_cache=True
        )
        return _Prefilled(first, cache, logits, lengths.cpu().numpy())

    def _close_gaps(self, free: Integers) -> None:
        """Moves the last live rows to free ones before them, so that live rows are the first."""
        is_free = np.zeros(self.live, bool)
        is_free[free[free < self.live]] = True
        live = self.live - int(is_free.sum())
        places = np.flatnonzero(is_free[:live])
        sources = live + np.flatnonzero(~is_free[live:])
        self.live = live
        if len(places) == 0:
            return
        self.rows.move(places, sources)
        device = self.decoder.device
        self.cache.move(
            torch.from_numpy(places).to(device),
            torch.from_numpy(sources).to(device),
            int(self.rows.length[places].max()),
        )


@contextmanager
def _evaluating(model: Any) -> Iterator[None]:
    """Dropout and gradient checkpointing are off within."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


@contextmanager
def _masked_attention(model: Any) -> Iterator[None]:
    """Attention kernels that take no masks are replaced by PyTorch's own within."""
    implementation = model.config._attn_implementation
    if implementation in ("eager", "sdpa"):
        yield
        return
    model.config._attn_implementation = "sdpa" if model._supports_sdpa else "eager"
    try:
        yield
    finally:
        model.config._attn_implementation = implementation
