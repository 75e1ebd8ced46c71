"""Plans have each token once, keep to the budget, and balance the ranks."""

from __future__ import annotations

import numpy as np
import pytest
from support import random_batch

from fulcrum_engine.batch import Batch
from fulcrum_engine.packing import adjacent_rounds, members_of, plan


def batch_of(seed: int, **sizes: int) -> Batch:
    return Batch.read(random_batch(512, seed, **sizes), 512, 512)


@pytest.mark.parametrize("ranks", [1, 2, 4, 7])
@pytest.mark.parametrize("may_share", [False, True])
@pytest.mark.parametrize("budget", [1, 60, 10_000])
def test_each_participant_is_in_one_pass(ranks: int, may_share: bool, budget: int) -> None:
    batch = batch_of(1, groups=5, samples=4, longest=30)
    mask = np.random.default_rng(2).random(batch.token_count) < 0.3
    members = members_of(batch, mask)
    shares = plan(members, ranks, budget, may_share)
    assert len(shares) == ranks
    places = np.concatenate([one.places for passes in shares for one in passes])
    assert np.array_equal(np.sort(places), np.flatnonzero(mask))
    sequences = [m.sequence for passes in shares for one in passes for m in one.members]
    assert len(sequences) == len(set(sequences))
    for one in (one for passes in shares for one in passes):
        # A pass over the budget has what can't be split: one sequence.
        assert one.cost() <= budget or len(one.members) == 1


@pytest.mark.parametrize("ranks", [1, 2, 4, 7])
@pytest.mark.parametrize("may_share", [False, True])
@pytest.mark.parametrize("budget", [1, 60, 10_000])
def test_rounds_of_adjacent_sequences(ranks: int, may_share: bool, budget: int) -> None:
    batch = batch_of(1, groups=5, samples=4, longest=30)
    rounds = adjacent_rounds(members_of(batch, None), ranks, budget, may_share)
    seen: list[int] = []
    for passes in rounds:
        assert len(passes) == ranks
        own = sorted(m.sequence for one in passes if one for m in one.members)
        seen += own
        assert own == list(range(own[0], own[-1] + 1))
        for one in passes:
            assert one is None or one.cost() <= budget or len(own) == 1
    assert seen == list(range(batch.sequence_count))
    if budget == 10_000:
        assert len(rounds) == 1


def test_nothing_is_computed_behind_the_last_participant() -> None:
    batch = batch_of(3)
    mask = np.zeros(batch.token_count, dtype=bool)
    mask[batch.offsets[2]] = True
    (member,) = members_of(batch, mask)
    assert (member.sequence, member.used) == (2, 0)


def test_ranks_have_like_amounts_of_work() -> None:
    batch = batch_of(4, groups=16, samples=8, longest=100)
    for may_share in (False, True):
        shares = plan(members_of(batch, None), 4, 2000, may_share)
        work = [sum(one.cost() for one in passes) for passes in shares]
        assert max(work) < 1.15 * min(work)


def test_long_prompts_are_shared_and_short_ones_not() -> None:
    def shares(prompt: int, lengths: list[int]) -> bool:
        arrays = {
            "promptTokens": np.ones(prompt),
            "promptOffsets": np.array([0, prompt]),
            "tokens": np.ones(sum(lengths)),
            "offsets": np.concatenate([[0], np.cumsum(lengths)]),
            "groupOffsets": np.array([0, len(lengths)]),
        }
        members = members_of(Batch.read(arrays, 512, 512), None)
        return plan(members, 1, 8192, True)[0][0].shares_prompts

    assert shares(100, [10, 10, 10])
    # One sequence gains nothing by it.
    assert not shares(100, [10])
