"""Asks a model itself how it decodes rightly: with which cache, given under which name.

Architectures differ in what they do with a cache or a mask that they are given, and some ignore it
without a word; rather than know them all, a few tokens are tried against plain passes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import torch
from transformers import DynamicCache

from .cache import RowCache
from .masks import StepMasks

if TYPE_CHECKING:
    from .decoding import LanguageModel

# Two rows of unlike lengths: masks, positions and places all matter.
_LENGTHS = (3, 6)
# Rounding of another order of sums, against the logits' own spread: f32 gives about 1e-6, bf16
# 1e-2; a wrong mask or position moves logits by more than a tenth of their spread.
_TOLERANCES = {torch.float32: 1e-3, torch.float64: 1e-6}
_COARSE = 0.05


@torch.no_grad()
def can_decode_in_rows(scorer: LanguageModel, masks: StepMasks, device: torch.device) -> bool:
    """Whether steps of two rows of unlike lengths, by `RowCache` and masks, are right."""
    return _is_right(scorer, device, lambda: _in_rows(scorer, masks, device))


@torch.no_grad()
def cache_argument(scorer: LanguageModel, device: torch.device) -> str | None:
    """The name by which a model takes its own cache; None if it decodes rightly with none."""
    for name in ("past_key_values", "cache_params"):
        if _is_right(scorer, device, partial(_in_lockstep, scorer, name, device)):
            return name
    return None


def _is_right(
    scorer: LanguageModel,
    device: torch.device,
    trial: Callable[[], tuple[torch.Tensor, torch.dtype]],
) -> bool:
    """Whether a trial gives the logits of plain passes.

    An exception means no as well: what the model itself can't do fails again, and is told, where
    it is not a trial.
    """
    expected = _plain(scorer, device)
    try:
        found, dtype = trial()
    except torch.OutOfMemoryError:
        raise
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError):
        return False
    is_known = torch.isfinite(expected)
    spread = expected[is_known].std()
    worst = (expected - found)[is_known].abs().max()
    return bool(worst <= _TOLERANCES.get(dtype, _COARSE) * spread)


def _tokens(device: torch.device) -> torch.Tensor:
    # Any tokens do; those of low numbers are in each vocabulary.
    return (torch.arange(2 * 8, device=device).view(2, 8) * 7) % 11


def _plain(scorer: LanguageModel, device: torch.device) -> torch.Tensor:
    """Logits of the two places behind each row's length."""
    tokens = _tokens(device)
    found = []
    for row, length in enumerate(_LENGTHS):
        for step in (0, 1):
            given = tokens[row : row + 1, : length + step + 1]
            last = torch.tensor([length + step], device=device)
            found.append(scorer.next_logits(given, last, use_cache=False))
    return torch.cat(found)


def _in_rows(
    scorer: LanguageModel, masks: StepMasks, device: torch.device
) -> tuple[torch.Tensor, torch.dtype]:
    tokens = _tokens(device)
    filled = DynamicCache()
    longest = max(_LENGTHS)
    last = torch.tensor([0], device=device)
    scorer.next_logits(tokens[:, :longest], last, past_key_values=filled, use_cache=True)
    cache = RowCache(2, longest + 2, len(filled.layers))
    both = torch.arange(2, device=device)
    cache.put(both, filled, both, longest)
    found = []
    for step in (0, 1):
        lengths = np.array(_LENGTHS) + step
        own = torch.from_numpy(lengths).to(device)
        cache.begin_step(own, int(lengths.max()))
        found.append(
            scorer.next_logits(
                tokens.gather(1, own[:, None]),
                both,
                position_ids=own[:, None],
                attention_mask=masks.make(own, int(lengths.max())),
                past_key_values=cache,
                use_cache=True,
            )
        )
    return torch.stack(found, 1).flatten(0, 1), _computed_in(filled, scorer)


def _in_lockstep(
    scorer: LanguageModel, argument: str, device: torch.device
) -> tuple[torch.Tensor, torch.dtype]:
    tokens = _tokens(device)
    found = []
    for row, length in enumerate(_LENGTHS):
        cache = DynamicCache(config=scorer.model.config.get_text_config())
        given = {argument: cache, "use_cache": True}
        last = torch.tensor([length - 1], device=device)
        scorer.next_logits(tokens[row : row + 1, :length], last, **given)
        for step in (0, 1):
            place = length + step
            found.append(
                scorer.next_logits(
                    tokens[row : row + 1, place : place + 1],
                    torch.tensor([0], device=device),
                    position_ids=torch.tensor([[place]], device=device),
                    **given,
                )
            )
    return torch.cat(found), _computed_in(cache, scorer)


def _computed_in(cache: DynamicCache, scorer: LanguageModel) -> torch.dtype:
    """The precision of passes, which need not be that of the parameters."""
    for layer in cache.layers:
        keys = getattr(layer, "keys", None)
        if keys is not None:
            return keys.dtype
    return next(scorer.model.parameters()).dtype
