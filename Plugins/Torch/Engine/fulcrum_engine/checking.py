"""Compares the engine's own ways through a model with the model's whole forward pass."""

from __future__ import annotations

from typing import Any

import torch

from .errors import EngineError
from .scorer import Scorer
from .work import SharedPrompts, Work

# Two orders of the same sums in f32 differ by some 1e-6 of the largest logit; what a family does
# differently (a cap, a scale, a mask) shows far above.
_TOLERANCE = 1e-4


def _are_alike(own: torch.Tensor, model: torch.Tensor) -> bool:
    if own.shape != model.shape or not bool(torch.isfinite(own).all()):
        return False
    return bool((own - model).abs().max() <= _TOLERANCE * model.abs().max())


@torch.no_grad()
def check_head(scorer: Scorer) -> None:
    """Finds out whether the head can be applied to some rows alone; else the model's own is used.

    The model is in f32 when this is called.

    Raises:
        EngineError: checkpoint or unsupported, if there is no policy in what the model computes.
    """
    tokens = _tokens(scorer, 1, 16)
    logits = scorer.model(input_ids=tokens, use_cache=False).logits.flatten(0, 1)
    _check_weights(scorer, tokens, logits)
    scorer.is_direct = True
    try:
        own = scorer.logits(scorer._outputs(tokens).flatten(0, 1))
    except (AttributeError, TypeError, NotImplementedError):
        scorer.is_direct = False
        return
    scorer.is_direct = _are_alike(own.float(), logits.float())


def _check_weights(scorer: Scorer, tokens: torch.Tensor, logits: torch.Tensor) -> None:
    """Raises for logits that aren't finite, or that depend on later tokens."""
    name = type(scorer.model).__name__
    if not bool(torch.isfinite(logits[:, : scorer.token_rows.end]).all()):
        raise EngineError(
            "checkpoint",
            f"the weights of this '{name}' give logits that are not finite",
            "the checkpoint holds NaN or infinity, perhaps of a training run that broke down",
        )
    count = tokens.shape[1] // 2
    beginning = scorer.model(input_ids=tokens[:, :count], use_cache=False).logits.flatten(0, 1)
    # What reads on changes logits by a good part of them; other sums by 1e-6.
    if (beginning - logits[:count]).abs().max() > 0.01 * logits.abs().max():
        raise EngineError(
            "unsupported",
            f"this '{name}' reads the text behind a token too, so it can't write one",
            "take a causal language model; some encoders are one with 'is_decoder' in config.json",
        )


@torch.no_grad()
def can_share_prompts(scorer: Scorer, context_length: int) -> bool:
    """Whether a prompt can be computed apart from its completions: tried, if nothing forbids it.

    A window of attention, a recurrent state or shared keys forbid it, for the trial is shorter
    than they reach.
    """
    config = scorer.model.config.get_text_config()  # type: ignore[operator, union-attr]
    if not _attends_to_all(config, context_length):
        return False
    prompts = _tokens(scorer, 2, 6)
    completions = _tokens(scorer, 3, 4, first=7)
    device = prompts.device
    lengths, owners = [6, 3], [0, 0, 1]
    shared = SharedPrompts(
        prompts, torch.tensor(lengths, device=device), torch.tensor(owners, device=device)
    )
    sizes = torch.full((3,), 4, device=device)
    nothing = torch.empty(0, dtype=torch.int64, device=device)
    try:
        states = scorer.states(Work(completions, sizes, nothing, nothing, shared))
    except (AttributeError, TypeError, ValueError, RuntimeError, NotImplementedError):
        return False
    own = scorer.logits(states[prompts.numel() :])
    for row, owner in enumerate(owners):
        whole = torch.cat([prompts[owner, : lengths[owner]], completions[row]]).unsqueeze(0)
        expected = scorer.logits(scorer._outputs(whole).flatten(0, 1))[lengths[owner] :]
        if not _are_alike(own[4 * row : 4 * row + 4].float(), expected.float()):
            return False
    return True


def _attends_to_all(config: Any, context_length: int) -> bool:
    types = getattr(config, "layer_types", None)
    if types is not None and any(kind != "full_attention" for kind in types):
        return False
    window = getattr(config, "sliding_window", None)
    if window is not None and getattr(config, "use_sliding_window", True):
        return bool(window >= context_length)
    return not getattr(config, "num_kv_shared_layers", 0)


def _tokens(scorer: Scorer, rows: int, columns: int, first: int = 1) -> torch.Tensor:
    """Returns different tokens, i64 [rows, columns]."""
    count = rows * columns
    device = next(scorer.parameters()).device
    numbers = first + 7919 * torch.arange(count, device=device)
    return (numbers % scorer.token_rows.end).reshape(rows, columns)
