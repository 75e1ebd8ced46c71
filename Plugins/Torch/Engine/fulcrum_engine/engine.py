"""The policy: one method for each call, which all ranks run alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from .activations import ActivationGradients, activation_gradients
from .batch import Batch
from .checking import can_share_prompts, check_head
from .checkpoint import save_adapter, save_gradient, save_model, saved_precision
from .errors import EngineError
from .facts import context_length, end_tokens, model_facts, summary
from .layers import checkpointing, enable_checkpointing
from .loading import load
from .masters import Masters, parameter_groups
from .optimizer import GradientReport, Optimizer
from .optimizer_files import load_optimizer, save_optimizer
from .precision import halved
from .ranks import Ranks
from .scorer import Scorer
from .settings import Settings
from .sharding import shard
from .slots import Slots
from .speed import peak
from .statistics import Statistic
from .texts import Texts
from .token_rows import TokenRows
from .training import Columns, Passes, Weigh
from .weights import merged, model_state, trained_state


@dataclass(frozen=True)
class Started:
    """What the call `start` answers; see the wire's documentation for the meanings."""

    summary: str
    context_length: int
    end_tokens: list[int]
    vocabulary_size: int
    parameter_count: int
    facts: list[list[Any]]
    has_template: bool
    head: str


class Engine:
    """A policy on PyTorch.

    Every rank makes one, and calls its methods in the same order with the same arguments; results
    are rank 0's. After an `EngineError` it is as it was before the call.

    Attributes:
        ranks: the processes that compute together.
        settings: of `start`.
        scorer: the model; generation calls its `next_logits`.
        texts: the tokenizer.
        context_length: the most tokens of prompt and completion together.
        end_tokens: end a completion; the first ends demonstrations.
        parameter_count: of the whole model, adapters included.
        shares_prompts: whether a group's prompt may be computed once.
    """

    def __init__(self, settings: Settings, ranks: Ranks) -> None:
        if settings.threads:
            torch.set_num_threads(settings.threads)
        self.settings = settings
        self.ranks = ranks
        self._loaded = load(settings)
        model: Any = self._loaded.model
        rows = model.get_input_embeddings().weight.shape[0]
        self.token_rows = TokenRows.of(self._loaded.tokenizer, rows)
        self.texts = Texts(self._loaded.tokenizer)
        self.context_length = context_length(model.config, self._loaded.tokenizer)
        self.end_tokens = end_tokens(model, self._loaded.tokenizer)
        self.scorer = Scorer(model, self.token_rows, settings.logit_rows)
        check_head(self.scorer)
        may_share = settings.share_prompts and self._may_share()
        self.shares_prompts = may_share
        self.parameter_count = sum(one.numel() for one in model.parameters())
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
        self._optimizer = Optimizer(self.masters, settings)
        self.slots = Slots(self.masters)
        self._passes = Passes(self.scorer, ranks, settings, may_share)
        # Whether the gradient at rank 0 is the sum over the ranks already.
        self._is_summed = False

    def started(self) -> Started:
        """Returns what the host is told of the policy."""
        model: Any = self._loaded.model
        return Started(
            summary=summary(model, self.parameter_count, self.settings, self.ranks),
            context_length=self.context_length,
            end_tokens=self.end_tokens,
            vocabulary_size=self.token_rows.count,
            parameter_count=self.parameter_count,
            facts=model_facts(self),
            has_template=self.texts.has_template,
            head="direct" if self.scorer.is_direct else "whole",
        )

    def batch(self, arrays: Mapping[str, Any]) -> Batch:
        """Returns the batch of a call's arrays, checked."""
        return Batch.read(arrays, self.token_rows.end, self.context_length)

    def using(self, slot: int) -> AbstractContextManager[None]:
        """Makes passes read a slot's weights inside a `with`."""
        return self.slots.using(slot)

    def score(
        self, slot: int, batch: Batch, temperature: float, statistics: Sequence[str]
    ) -> Columns | None:
        """Returns the scores of all tokens at rank 0; elsewhere none."""
        asked = self._statistics(statistics, temperature)
        with self.using(slot):
            return self._passes.score(batch, temperature, asked)

    def accumulate(
        self,
        batch: Batch,
        participants: np.ndarray | None,
        temperature: float,
        statistics: Sequence[str],
        weigh: Weigh | None,
    ) -> None:
        """Adds Σ (w ∇ log π + v ∇ H) over the participants to the gradient.

        Args:
            participants: not 0 for the tokens that take part, [T]; none: all do.
            weigh: at rank 0, asks for each piece's weights; none on other ranks.

        Raises:
            EngineError: usage, unsupported; and what `weigh` raises.
        """
        asked = self._statistics(statistics, temperature)
        mask = None
        if participants is not None:
            mask = np.asarray(participants) != 0
            if len(mask) != batch.token_count:
                raise EngineError(
                    "usage",
                    f"expected {batch.token_count} values in 'participants', got {len(mask)}",
                )
        self._share_out()
        with checkpointing(self.scorer.model):
            self._passes.accumulate(batch, mask, temperature, asked, weigh)

    def apply(self, learning_rate: float) -> GradientReport:
        """Takes one ascent step, then clears the gradient.

        Raises:
            EngineError: not-finite; the parameters are as before then.
        """
        self._sum_up()
        try:
            return self._optimizer.step(learning_rate, self._total)
        finally:
            self.discard()

    def discard(self) -> None:
        """Clears the accumulated gradient."""
        self.masters.clear()
        self._is_summed = False

    def save(self, slot: int, directory: str) -> None:
        """Writes a checkpoint into an empty folder: a model, or an adapter.

        Raises:
            EngineError: input-output.
        """
        keeps = self.ranks.rank == 0
        values = self.slots.values(slot)
        is_adapter = self._loaded.adapter is not None
        error: EngineError | None = None
        if is_adapter and self.settings.lora_save == "adapter":
            state = trained_state(self.masters, values, keeps)
            error = self._at_rank_0(save_adapter, self._loaded, state, Path(directory))
        else:
            model = self._loaded.model
            state = model_state(model, self.masters, values, keeps)
            if keeps and is_adapter:
                state = merged(model, state)
            dtype = saved_precision(self.settings.save_precision, self._loaded)
            error = self._at_rank_0(save_model, self._loaded, state, dtype, Path(directory))
        self.ranks.agree(error)

    def save_gradient(self, file: str) -> None:
        """Writes the accumulated gradient as it is, f32, under the checkpoint's names.

        Raises:
            EngineError: input-output.
        """
        self._sum_up()
        gradients = [item.need_gradient() for item in self.masters]
        state = trained_state(self.masters, gradients, self.ranks.rank == 0)
        self.ranks.agree(self._at_rank_0(save_gradient, self._loaded, state, Path(file)))

    def save_optimizer(self, directory: str) -> None:
        """Writes the optimiser's state, and what `save` rounds off, into an empty folder.

        Raises:
            EngineError: input-output.
        """
        is_adapter = self._loaded.adapter is not None
        rounds = saved_precision(self.settings.save_precision, self._loaded) != torch.float32
        save_optimizer(
            Path(directory),
            self.masters,
            self._optimizer,
            self.ranks,
            keeps_masters=rounds and not is_adapter,
            can_continue=not (is_adapter and self.settings.lora_save == "merged"),
        )

    def load_optimizer(self, directory: str) -> None:
        """Reads what `save_optimizer` wrote, by however many ranks.

        Raises:
            EngineError: not-found or checkpoint; nothing has changed then.
        """
        load_optimizer(Path(directory), self.masters, self._optimizer, self.ranks)

    def activation_gradients(
        self, batch: Batch, places: np.ndarray, temperature: float
    ) -> ActivationGradients | None:
        """Returns the norms of single tokens' gradients at rank 0; elsewhere none.

        Raises:
            EngineError: usage; unsupported with parameters that ranks share.
        """
        self._statistics([], temperature)
        if self.settings.shard != "none":
            raise EngineError(
                "unsupported",
                "gradients at activations need whole parameters on a rank",
                "set the policy's parameter 'shard' to none",
            )
        if self.ranks.rank != 0:
            return None
        return activation_gradients(
            self.scorer, batch, places.astype(np.int64), temperature, self.ranks.device
        )

    def peak(self) -> float:
        """Returns the operations a second of all ranks' matrix products."""
        is_bf16 = self.settings.precision == "bf16"
        return peak(self.ranks, torch.bfloat16 if is_bf16 else torch.float32)

    def freeze(self, slot: int) -> int:
        """Copies a slot's weights, and returns the copy's number."""
        return self.slots.freeze(slot)

    def release(self, slot: int) -> None:
        """Forgets a frozen copy."""
        self.slots.release(slot)

    def blend(self, slot: int, other: int, share: float) -> None:
        """Moves a slot's weights by a share towards another's."""
        self.slots.blend(slot, other, share)

    def snapshot(self) -> int:
        """Sets weights and optimiser aside, and returns a number to find them by."""
        return self.slots.snapshot(self._optimizer)

    def restore(self, snapshot: int) -> None:
        """Puts weights and optimiser back, and drops the gradient."""
        self.slots.restore(snapshot, self._optimizer)
        self._is_summed = False

    def forget(self, snapshot: int) -> None:
        """Forgets a snapshot."""
        self.slots.forget(snapshot)

    def _may_share(self) -> bool:
        """Whether prompts can be computed apart, with what else is asked for."""
        settings = self.settings
        # Layers that compute again can't fill a cache; FSDP2's hooks wait for gradients of all
        # that a layer gives, and a prompt's last layer may get none.
        if settings.gradient_checkpointing or settings.shard != "none":
            return False
        if settings.attention not in ("auto", "eager", "sdpa"):
            return False
        return can_share_prompts(self.scorer, self.context_length)

    def _statistics(self, names: Sequence[str], temperature: float) -> list[Statistic]:
        if not 0 < temperature < float("inf"):
            raise EngineError("usage", f"expected a temperature above 0, got {temperature}")
        return [Statistic.read(name, self.token_rows.count) for name in names]

    @property
    def _has_replicas(self) -> bool:
        return self.ranks.world > 1 and self.settings.shard == "none"

    def _sum_up(self) -> None:
        """Makes every replica's gradient the sum over the ranks."""
        if not self._has_replicas or self._is_summed:
            return
        for item in self.masters:
            self.ranks.sum(item.need_gradient())
        self._is_summed = True

    def _share_out(self) -> None:
        """Leaves a summed gradient at rank 0 alone, so that it can be added to and summed again."""
        if self._is_summed and self.ranks.rank != 0:
            self.masters.clear()
        self._is_summed = False

    def _total(self, square: torch.Tensor) -> torch.Tensor:
        """Sums over ranks that hold different parts."""
        return square if self.settings.shard == "none" else self.ranks.sum(square)

    def _at_rank_0(self, work: Any, *arguments: Any) -> EngineError | None:
        """Runs something at rank 0, and returns its error instead of raising it."""
        if self.ranks.rank != 0:
            return None
        try:
            work(*arguments)
        except EngineError as error:
            return error
        return None
