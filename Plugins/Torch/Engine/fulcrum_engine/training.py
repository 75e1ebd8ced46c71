"""Passes over a batch: scores of all tokens, and the gradient of weighted ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch

from .batch import Batch, Integers
from .packing import Pass, adjacent_rounds, members_of, plan
from .ranks import Ranks
from .scorer import Scorer
from .settings import Settings
from .statistics import Statistic
from .work import empty_work, make_work

Floats: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Columns:
    """Scores of some tokens of a batch.

    Attributes:
        places: in the batch's tokens, ascending, i64 [n].
        log_probabilities, entropies, levers: f32 [n].
        further: f32 [n, width] for each statistic, in the order asked.
    """

    places: Integers
    log_probabilities: Floats
    entropies: Floats
    levers: Floats
    further: list[Floats]


@dataclass(frozen=True)
class Weights:
    """The factors of one piece's tokens in Σ (w ∇ log π + v ∇ H + Σ c ∇ log π(candidate)).

    Attributes:
        log_probabilities: w, f32 [n].
        entropies: v, f32 [n]; none: 0.
        candidates: c, f32 [n, K]; none: 0.
    """

    log_probabilities: Floats
    entropies: Floats | None = None
    candidates: Floats | None = None


# Answers a piece's scores with its weights; none: stop, and drop this piece.
Weigh: TypeAlias = Callable[[int, Columns], Weights | None]


class Passes:
    """Runs batches through a scorer, shared out among the ranks."""

    def __init__(self, scorer: Scorer, ranks: Ranks, settings: Settings, may_share: bool) -> None:
        self._scorer = scorer
        self._ranks = ranks
        self._settings = settings
        self._may_share = may_share

    @torch.no_grad()
    def score(
        self,
        batch: Batch,
        temperature: float,
        statistics: Sequence[Statistic],
        beat: Callable[[], None],
    ) -> Columns | None:
        """Returns the scores of all tokens at rank 0, elsewhere none.

        Args:
            beat: is called after each pass.
        """
        pieces = []
        for passes in self._rounds(batch, None):
            columns = self._forward(batch, passes[self._ranks.rank], temperature, statistics)
            # There are no candidates: their column has no width.
            pieces.append(self._merged(passes, torch.cat(columns, dim=1), statistics))
            beat()
        if self._ranks.rank != 0:
            return None
        return _joined([piece for piece in pieces if piece is not None], statistics)

    def accumulate(
        self,
        batch: Batch,
        participants: np.ndarray | None,
        temperature: float,
        statistics: Sequence[Statistic],
        weigh: Weigh | None,
        candidates: int = 0,
    ) -> None:
        """Adds the gradient of Σ (w log π + v H + Σ c log π(candidate)) to the parameters'.

        Args:
            participants: true for the tokens that take part, [T]; none: all do.
            candidates: how many of each place's likeliest tokens have weights of their own.
            weigh: is asked at rank 0 for the weights of each piece, between its forward and its
                backward pass; over all pieces each participant occurs once.

        Raises:
            What `weigh` raises, at rank 0, after the other ranks were told to stop.
        """
        # Where all tokens take part, an objective may look at whole sequences, and at neighbours.
        rounds = self._rounds(batch, participants, are_adjacent=participants is None)
        for number, passes in enumerate(rounds):
            own = passes[self._ranks.rank]
            with torch.enable_grad():
                columns = self._forward(batch, own, temperature, statistics, candidates)
            told = [column.detach() for column in (*columns[:3], *columns[4:])]
            piece = self._merged(passes, torch.cat(told, dim=1), statistics)
            weights = self._weights(number, piece, weigh, passes, candidates)
            if weights is None:
                return
            self._backward(columns, weights[self._order(passes, self._ranks.rank)])

    def _rounds(
        self, batch: Batch, participants: np.ndarray | None, are_adjacent: bool = False
    ) -> list[list[Pass | None]]:
        """Returns for each round the pass of every rank; none where a rank has none left."""
        members = members_of(batch, participants)
        ranks = self._ranks.world
        if are_adjacent:
            return adjacent_rounds(
                members, ranks, self._settings.microbatch_tokens, self._may_share
            )
        shares = plan(members, ranks, self._settings.microbatch_tokens, self._may_share)
        count = max(len(passes) for passes in shares)
        return [[passes[k] if k < len(passes) else None for passes in shares] for k in range(count)]

    def _forward(
        self,
        batch: Batch,
        one: Pass | None,
        temperature: float,
        statistics: Sequence[Statistic],
        candidates: int = 0,
    ) -> list[torch.Tensor]:
        """Returns log π, entropy and lever, f32 [n, 1] each, log π of the candidates, f32
        [n, candidates], then the further columns."""
        device = self._ranks.device
        work = make_work(batch, one, device) if one else empty_work(device)
        scores = self._scorer(work, temperature, statistics, candidates)
        columns = [*(score.unsqueeze(1) for score in scores[:3]), *scores[3:]]
        # A rank without a pass takes part in what the ranks do together, and gives nothing.
        return columns if one else [column[:0] for column in columns]

    def _merged(
        self, passes: list[Pass | None], own: torch.Tensor, statistics: Sequence[Statistic]
    ) -> Columns | None:
        """Returns a round's scores in the order of their places, at rank 0; elsewhere none."""
        places = [one.places if one else np.empty(0, dtype=np.int64) for one in passes]
        parts = self._ranks.gather(own, [len(part) for part in places])
        if parts is None:
            return None
        joined = np.concatenate(places)
        order = np.argsort(joined)
        values = torch.cat(parts).numpy()[order]
        return _columns(joined[order], values, statistics)

    @staticmethod
    def _order(passes: list[Pass | None], rank: int) -> torch.Tensor:
        """Returns where a rank's tokens stand among the round's, which are sorted by place."""
        joined = np.concatenate([one.places for one in passes if one])
        own = passes[rank]
        places = own.places if own else joined[:0]
        return torch.from_numpy(np.searchsorted(np.sort(joined), places))

    def _weights(
        self,
        number: int,
        piece: Columns | None,
        weigh: Weigh | None,
        passes: list[Pass | None],
        candidates: int,
    ) -> torch.Tensor | None:
        """Asks for a round's weights, and tells all ranks: f32 [n, 2 + candidates], or none to
        stop."""
        count = sum(len(one.places) for one in passes if one)
        # The last row says whether to go on.
        table = torch.zeros(count + 1, 2 + candidates)
        try:
            if piece is not None and weigh is not None:
                answer = weigh(number, piece)
                if answer is not None:
                    table[:-1, 0] = torch.from_numpy(np.array(answer.log_probabilities))
                    if answer.entropies is not None:
                        table[:-1, 1] = torch.from_numpy(np.array(answer.entropies))
                    if answer.candidates is not None:
                        table[:-1, 2:] = torch.from_numpy(np.array(answer.candidates))
                    table[-1, 0] = 1
        finally:
            table = self._ranks.share(table)
        return table[:-1] if table[-1, 0] == 1 else None

    def _backward(self, columns: list[torch.Tensor], weights: torch.Tensor) -> None:
        """Runs the backward pass of Σ (w log π + v H + Σ c log π(candidate))."""
        own = weights.to(self._ranks.device)
        scores = torch.cat([*columns[:2], columns[3]], dim=1)
        if scores.requires_grad:
            torch.autograd.backward(scores, own)


def _columns(places: Integers, values: np.ndarray, statistics: Sequence[Statistic]) -> Columns:
    """Splits f32 [n, 3 + widths]."""
    further = []
    first = 3
    for statistic in statistics:
        further.append(np.ascontiguousarray(values[:, first : first + statistic.width]))
        first += statistic.width
    own = [np.ascontiguousarray(values[:, column]) for column in range(3)]
    return Columns(places, own[0], own[1], own[2], further)


def _joined(pieces: list[Columns], statistics: Sequence[Statistic]) -> Columns:
    """Returns all pieces' scores, in the order of their places."""
    if not pieces:
        width = 3 + sum(statistic.width for statistic in statistics)
        empty = np.empty(0, dtype=np.int64)
        return _columns(empty, np.empty((0, width), dtype=np.float32), statistics)
    places = np.concatenate([piece.places for piece in pieces])
    order = np.argsort(places)

    def column(values: list[Floats]) -> Floats:
        joined: Floats = np.concatenate(values)[order]
        return joined

    return Columns(
        places[order],
        column([piece.log_probabilities for piece in pieces]),
        column([piece.entropies for piece in pieces]),
        column([piece.levers for piece in pieces]),
        [column([piece.further[k] for piece in pieces]) for k in range(len(statistics))],
    )
