"""Puts a loaded model together with what trains it."""

from __future__ import annotations

from typing import Any

from .checking import can_share_prompts, check_head
from .errors import EngineError
from .layers import enable_checkpointing
from .loading import Loaded
from .masters import Masters, parameter_groups
from .optimizer import Optimizer
from .precision import halved
from .ranks import Ranks
from .scorer import Scorer
from .settings import Settings
from .sharding import shard
from .slots import Slots
from .token_rows import TokenRows
from .training import Passes


class Policy:
    """A model on its device, in its precision, shared out as the settings say.

    Attributes:
        loaded: what was read.
        scorer: the model with its scores.
        shares_prompts: whether a group's prompt may be computed once.
        masters: the trained weights.
        optimizer: moves them.
        slots: holds copies of them.
        passes: runs batches.
    """

    def __init__(
        self,
        loaded: Loaded,
        settings: Settings,
        ranks: Ranks,
        token_rows: TokenRows,
        context_length: int,
    ) -> None:
        """Takes over a model in f32 on the CPU.

        Raises:
            EngineError: parameter or unsupported, for what the model can't do.
        """
        model: Any = loaded.model
        self.loaded = loaded
        self.scorer = Scorer(model, token_rows, settings.logit_rows)
        check_head(self.scorer)
        self.shares_prompts = _asks_to_share(settings) and can_share_prompts(
            self.scorer, context_length
        )
        if settings.attention == "flash_attention_2":
            _use_flash_attention(model)
        # By names and objects that sharding replaces.
        groups = parameter_groups(model)
        is_bf16 = settings.precision == "bf16"
        apart: list[str] = []
        if settings.gradient_checkpointing:
            enable_checkpointing(model)
        if settings.shard == "fsdp2":
            shard(self.scorer, ranks, is_bf16)
        else:
            self.scorer.to(ranks.device)
            apart = halved(model) if is_bf16 else []
        self.masters = Masters(model, groups, apart)
        self.optimizer = Optimizer(self.masters, settings)
        self.slots = Slots(self.masters)
        self.passes = Passes(self.scorer, ranks, settings, self.shares_prompts)


def _asks_to_share(settings: Settings) -> bool:
    """Whether prompts can be computed apart, with what else is asked for."""
    # Layers that compute again can't fill a cache; FSDP2's hooks wait for gradients of all that a
    # layer gives, and a prompt's last layer may get none.
    if settings.gradient_checkpointing or settings.shard != "none":
        return False
    return settings.share_prompts and settings.attention in ("auto", "eager", "sdpa")


def _use_flash_attention(model: Any) -> None:
    """Changes the attention after the model was checked in f32 on the CPU, where that can't run."""
    try:
        model.set_attn_implementation("flash_attention_2")
    except (ImportError, ValueError) as error:
        raise EngineError("parameter", f"parameter 'attention': {error}") from error
