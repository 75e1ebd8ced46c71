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
from .checkpoint import save_adapter, save_gradient, save_model, saved_precision
from .determinism import prefer_determinism
from .errors import EngineError
from .facts import context_length, end_tokens, model_facts, summary
from .heartbeat import Heartbeat
from .layers import checkpointing
from .loading import MERGED_ADAPTER, load, read_source, skeleton
from .masters import Masters
from .memory import Demand, memory
from .opening import read_copy, read_values, write_copy
from .optimizer import GradientReport
from .optimizer_files import load_optimizer, save_optimizer
from .place import local_size
from .policy import Policy
from .ranks import Ranks
from .scorer import Scorer
from .settings import Settings
from .slots import Slots
from .speed import peak
from .statistics import Statistic
from .texts import Texts
from .token_rows import TokenRows
from .training import Columns, Weigh
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
    head: str | None


class Engine:
    """A policy on PyTorch.

    Every rank makes one, and calls its methods in the same order with the same arguments; results
    are rank 0's. After an `EngineError` it is as it was before the call. Weights are there after
    `load` alone.

    Attributes:
        ranks: the processes that compute together.
        heartbeat: tells the host that a call goes on.
        settings: of `start`.
        source: what the checkpoint says of itself.
        texts: the tokenizer.
        token_rows: the rows that have a token.
        context_length: the most tokens of prompt and completion together.
        end_tokens: end a completion; the first ends demonstrations.
        skeleton: the whole model without weights.
        parameter_count: of the whole model, without adapters.
    """

    def __init__(
        self, settings: Settings, ranks: Ranks, heartbeat: Heartbeat | None = None
    ) -> None:
        """Reads configuration and tokenizer.

        Args:
            heartbeat: of the connection to the host, if there is one.

        Raises:
            EngineError: not-found, checkpoint or unsupported.
        """
        if settings.threads:
            torch.set_num_threads(settings.threads)
        prefer_determinism()
        self.settings = settings
        self.ranks = ranks
        self.heartbeat = heartbeat or Heartbeat()
        self.source = read_source(settings)
        config, tokenizer = self.source.config, self.source.tokenizer
        self.texts = Texts(tokenizer)
        self.token_rows = TokenRows.of(tokenizer, config.get_text_config().vocab_size)
        self.context_length = context_length(config, tokenizer)
        self.end_tokens = end_tokens(self.source)
        self.skeleton = skeleton(self.source)
        self.parameter_count = sum(one.numel() for one in self.skeleton.parameters())
        self._policy: Policy | None = None
        # What samples from the policy, for people.
        self.sampler = settings.sampler
        # Rises whenever the policy's weights change; 0: as they were read.
        self.weights_number = 0
        # Whether the gradient at rank 0 is the sum over the ranks already.
        self._is_summed = False

    def load(self) -> None:
        """Reads the weights, shares them out, makes adapters.

        Raises:
            EngineError: usage if they are there already; checkpoint, parameter, unsupported.
        """
        if self._policy is not None:
            raise EngineError("usage", "the weights are loaded already")
        policy, error = None, None
        turns = 1
        if self.settings.shard == "fsdp2":
            # Ranks keep a part each, so one after another a machine's memory holds the whole once.
            turns = self.ranks.largest(local_size())
            _ = self.ranks.mesh
        for turn in range(turns):
            if turn == self.ranks.place.local_rank % turns:
                try:
                    policy = self._read()
                except EngineError as caught:
                    error = caught
            self.ranks.wait()
        self.ranks.agree(error)
        self._policy = policy

    def unload(self) -> None:
        """Forgets the weights, as if they had not been read."""
        self._policy = None

    def _read(self) -> Policy:
        loaded = load(self.source, self.settings)
        return Policy(loaded, self.settings, self.ranks, self.token_rows, self.context_length)

    def started(self) -> Started:
        """Returns what the host is told of the policy; more of it once the weights are there."""
        head = None
        if self.is_loaded:
            head = "direct" if self.scorer.is_direct else "whole"
        return Started(
            summary=summary(self.source.config, self.parameter_count, self.settings, self.ranks),
            context_length=self.context_length,
            end_tokens=self.end_tokens,
            vocabulary_size=self.token_rows.count,
            parameter_count=self.parameter_count,
            facts=model_facts(self),
            has_template=self.texts.has_template,
            head=head,
        )

    @property
    def is_loaded(self) -> bool:
        """Whether the weights are there."""
        return self._policy is not None

    @property
    def policy(self) -> Policy:
        """What has the weights.

        Raises:
            EngineError: usage before `load`.
        """
        if self._policy is None:
            raise EngineError("usage", "the call needs the weights", "call 'load' first")
        return self._policy

    @property
    def scorer(self) -> Scorer:
        """The model; generation calls its `next_logits`."""
        return self.policy.scorer

    @property
    def masters(self) -> Masters:
        """The trained weights."""
        return self.policy.masters

    @property
    def slots(self) -> Slots:
        """The frozen copies and snapshots."""
        return self.policy.slots

    @property
    def shares_prompts(self) -> bool:
        """Whether a group's prompt may be computed once."""
        return self.policy.shares_prompts

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
            return self.policy.passes.score(batch, temperature, asked, self.heartbeat.beat)

    def accumulate(
        self,
        batch: Batch,
        participants: np.ndarray | None,
        temperature: float,
        statistics: Sequence[str],
        weigh: Weigh | None,
        candidates: int = 0,
    ) -> None:
        """Adds Σ (w ∇ log π + v ∇ H + Σ c ∇ log π(candidate)) of the participants to the gradient.

        Args:
            participants: not 0 for the tokens that take part, [T]; none: all do.
            candidates: how many of each place's likeliest tokens have weights of their own.
            weigh: at rank 0, asks for each piece's weights; none on other ranks.

        Raises:
            EngineError: usage, unsupported; and what `weigh` raises.
        """
        asked = self._statistics(statistics, temperature)
        if not 0 <= candidates <= self.token_rows.end:
            raise EngineError(
                "usage", f"expected 0 to {self.token_rows.end} candidates a place, got {candidates}"
            )
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
            self.policy.passes.accumulate(batch, mask, temperature, asked, weigh, candidates)

    def apply(self, learning_rate: float) -> GradientReport:
        """Takes one ascent step, then clears the gradient.

        Raises:
            EngineError: not-finite; the parameters are as before then.
        """
        self._sum_up()
        try:
            report = self.policy.optimizer.step(learning_rate, self._total)
        finally:
            self.discard()
        self.weights_number += 1
        return report

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
        is_adapter = self.policy.loaded.adapter is not None
        error: EngineError | None = None
        is_whole = not is_adapter or self.settings.lora_save == "merged"
        if is_adapter:
            state = trained_state(self.masters, values, keeps)
            # A run goes on from the adapter, which a merged model doesn't have any more.
            folder = Path(directory) / MERGED_ADAPTER if is_whole else Path(directory)
            error = self._at_rank_0(save_adapter, self.policy.loaded, state, folder)
        if is_whole and error is None:
            state = self.whole_weights(slot)
            dtype = saved_precision(self.settings.save_precision, self.source)
            error = self._at_rank_0(save_model, self.policy.loaded, state, dtype, Path(directory))
        self.ranks.agree(error)

    def whole_weights(self, slot: int = 0) -> dict[str, torch.Tensor]:
        """Returns a slot's whole model, adapters merged, at rank 0; elsewhere nothing.

        Raises:
            EngineError: unsupported, for adapters that can't be merged.
        """
        keeps = self.ranks.rank == 0
        model = self.policy.loaded.model
        state = model_state(model, self.masters, self.slots.values(slot), keeps)
        if keeps and self.policy.loaded.adapter is not None:
            return merged(model, state)
        return state

    def save_gradient(self, file: str) -> None:
        """Writes the accumulated gradient as it is, f32, under the checkpoint's names.

        Raises:
            EngineError: input-output.
        """
        self._sum_up()
        gradients = [item.need_gradient() for item in self.masters]
        state = trained_state(self.masters, gradients, self.ranks.rank == 0)
        self.ranks.agree(self._at_rank_0(save_gradient, self.policy.loaded, state, Path(file)))

    def save_optimizer(self, slot: int, directory: str) -> None:
        """Writes the optimiser's state, and what `save` rounds off, into an empty folder.

        A copy has no optimiser: its weights are written in f32.

        Raises:
            EngineError: input-output.
        """
        if slot != 0:
            state = trained_state(self.masters, self.slots.values(slot), self.ranks.rank == 0)
            self.ranks.agree(self._at_rank_0(write_copy, state, directory))
            return
        is_adapter = self.policy.loaded.adapter is not None
        rounds = saved_precision(self.settings.save_precision, self.source) != torch.float32
        save_optimizer(
            Path(directory),
            self.masters,
            self.policy.optimizer,
            self.ranks,
            keeps_masters=rounds and not is_adapter,
        )

    def load_optimizer(self, slot: int, directory: str) -> None:
        """Reads what `save_optimizer` wrote, by however many ranks.

        Raises:
            EngineError: not-found or checkpoint; nothing has changed then.
        """
        if slot != 0:
            self.slots.put(slot, read_copy(directory, self.masters))
            return
        load_optimizer(Path(directory), self.masters, self.policy.optimizer, self.ranks)
        self.weights_number += 1

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

    def open(self, checkpoint: str) -> int:
        """Reads another checkpoint's weights, and returns their slot's number.

        Raises:
            EngineError: not-found or checkpoint.
        """
        return self.slots.add(read_values(checkpoint, self.policy.loaded, self.masters))

    def memory(self, demand: Demand) -> list[list[Any]]:
        """Returns [name, bytes] pairs of what a rank will hold at a step's peak."""
        return memory(
            self.source,
            self.skeleton,
            self.settings,
            self.ranks.world,
            demand,
            self.ranks.device,
        )

    def release(self, slot: int) -> None:
        """Forgets a frozen copy."""
        self.slots.release(slot)

    def blend(self, slot: int, other: int, share: float) -> None:
        """Moves a slot's weights by a share towards another's."""
        self.slots.blend(slot, other, share)
        if slot == 0:
            self.weights_number += 1

    def snapshot(self) -> int:
        """Sets weights and optimiser aside, and returns a number to find them by."""
        return self.slots.snapshot(self.policy.optimizer)

    def restore(self, snapshot: int) -> None:
        """Puts weights and optimiser back, and drops the gradient."""
        self.slots.restore(snapshot, self.policy.optimizer)
        self.weights_number += 1
        self._is_summed = False

    def forget(self, snapshot: int) -> None:
        """Forgets a snapshot."""
        self.slots.forget(snapshot)

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
