"""Shares sequences out among ranks, and packs each rank's into passes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .batch import Batch, Integers


@dataclass(frozen=True)
class Member:
    """One sequence of a pass.

    Attributes:
        group: the prompt's number.
        sequence: the number in the batch.
        prompt: tokens of the prompt.
        places: of the tokens that take part, in `batch.tokens`, ascending.
        used: completion tokens that are inputs: all before the last that takes part.
    """

    group: int
    sequence: int
    prompt: int
    places: Integers
    used: int

    @property
    def length(self) -> int:
        """The number of input tokens, prompt included."""
        return self.prompt + self.used


@dataclass
class Pass:
    """Sequences that go through the model together.

    Attributes:
        shares_prompts: whether each group's prompt is computed once, and its completions apart.
        members: by descending length.
    """

    shares_prompts: bool
    members: list[Member] = field(default_factory=list)

    @property
    def places(self) -> Integers:
        """The places of the tokens that take part, member by member."""
        return np.concatenate([member.places for member in self.members])

    def cost(self, more: Sequence[Member] = ()) -> int:
        """Returns the padded tokens of the pass, with `more` in it."""
        members = [*self.members, *more]
        if not members:
            return 0
        if not self.shares_prompts:
            return len(members) * max(member.length for member in members)
        prompts = {member.group: member.prompt for member in members}
        return len(prompts) * max(prompts.values()) + len(members) * max(
            member.used for member in members
        )


def members_of(batch: Batch, participants: np.ndarray | None) -> list[Member]:
    """Returns the sequences that have a token that takes part.

    Args:
        participants: true where a token does, [T]; none: all do.
    """
    groups = batch.groups()
    prompts = np.diff(batch.prompt_offsets)
    members = []
    for sequence in range(batch.sequence_count):
        first, end = int(batch.offsets[sequence]), int(batch.offsets[sequence + 1])
        places = np.arange(first, end)
        if participants is not None:
            places = places[participants[first:end]]
        if len(places):
            group = int(groups[sequence])
            used = int(places[-1]) - first
            members.append(Member(group, sequence, int(prompts[group]), places, used))
    return members


def plan(members: Sequence[Member], ranks: int, budget: int, may_share: bool) -> list[list[Pass]]:
    """Returns each rank's passes; every rank computes the same plan.

    Prompts are shared where that gives fewer padded tokens to compute.

    Args:
        budget: padded tokens in a pass, unless one sequence has more.
        may_share: whether the model can compute a prompt apart from its completions.
    """
    whole = _plan(members, ranks, budget, shares_prompts=False)
    if not may_share:
        return whole
    shared = _plan(members, ranks, budget, shares_prompts=True)

    def cost(passes: list[list[Pass]]) -> int:
        # The slowest rank decides how long the batch takes.
        return max(sum(one.cost() for one in own) for own in passes)

    return shared if cost(shared) < cost(whole) else whole


def adjacent_rounds(
    members: Sequence[Member], ranks: int, budget: int, may_share: bool
) -> list[list[Pass | None]]:
    """Returns rounds of one pass a rank at most, each of adjacent sequences.

    An objective that looks at whole sequences is promised neighbours, so they can't be sorted by
    length over the batch; within a round they are shared out as in `plan`.
    """
    rounds: list[list[Pass | None]] = []
    ordered = sorted(members, key=lambda member: member.sequence)
    first = 0
    while first < len(ordered):
        end = first + 1
        best = _round(ordered[first:end], ranks, budget, may_share)
        while end < len(ordered):
            longer = _round(ordered[first : end + 1], ranks, budget, may_share)
            if max(one.cost() for one in longer if one) > budget:
                break
            best, end = longer, end + 1
        rounds.append(best)
        first = end
    return rounds


def _round(
    members: Sequence[Member], ranks: int, budget: int, may_share: bool
) -> list[Pass | None]:
    """Returns one pass for each rank; none where there are fewer sequences than ranks."""
    choices = []
    for shares_prompts in (False, True) if may_share else (False,):
        units = _units(members, ranks, budget, shares_prompts)
        own = [
            Pass(shares_prompts, [member for unit in share for member in unit]) if share else None
            for share in _shares(units, ranks, shares_prompts)
        ]
        choices.append((max(one.cost() for one in own if one), own))
    return min(choices, key=lambda choice: choice[0])[1]


def _plan(
    members: Sequence[Member], ranks: int, budget: int, shares_prompts: bool
) -> list[list[Pass]]:
    shares = _shares(_units(members, ranks, budget, shares_prompts), ranks, shares_prompts)
    return [_passes(units, budget, shares_prompts) for units in shares]


def _units(
    members: Sequence[Member], ranks: int, budget: int, shares_prompts: bool
) -> list[list[Member]]:
    """Returns what stays together: sequences, or parts of groups that share their prompt."""
    ordered = sorted(members, key=lambda member: (-member.length, member.sequence))
    if not shares_prompts:
        return [[member] for member in ordered]
    groups: dict[int, list[Member]] = {}
    for member in ordered:
        groups.setdefault(member.group, []).append(member)
    # Two units a rank, or more, so that the shares can be balanced.
    total = sum(Pass(True, group).cost() for group in groups.values())
    limit = budget if ranks == 1 else max(1, min(budget, total // (2 * ranks)))
    units: list[list[Member]] = []
    for group in groups.values():
        unit = Pass(True)
        for member in group:
            if unit.members and unit.cost([member]) > limit:
                units.append(unit.members)
                unit = Pass(True)
            unit.members.append(member)
        units.append(unit.members)
    return units


def _shares(
    units: list[list[Member]], ranks: int, shares_prompts: bool
) -> list[list[list[Member]]]:
    """Gives each unit to the rank with the least work so far, the longest unit first."""
    costs = [Pass(shares_prompts, unit).cost() for unit in units]
    order = sorted(range(len(units)), key=lambda unit: (-costs[unit], unit))
    work = [0] * ranks
    shares: list[list[list[Member]]] = [[] for _ in range(ranks)]
    for unit in order:
        rank = min(range(ranks), key=lambda rank: (work[rank], rank))
        work[rank] += costs[unit]
        shares[rank].append(units[unit])
    return shares


def _passes(units: list[list[Member]], budget: int, shares_prompts: bool) -> list[Pass]:
    """Fills passes with units in order: neighbours have like lengths, so little is padding."""
    passes: list[Pass] = []
    for unit in units:
        if not passes or passes[-1].cost(unit) > budget:
            passes.append(Pass(shares_prompts))
        passes[-1].members.extend(unit)
    return passes
