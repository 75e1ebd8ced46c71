"""Batches and samples that a test makes up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .rewards import Sample

if TYPE_CHECKING:
    from .batch import Array, Batch, ObjectiveBatch


def sample(
    completion: str, answer: str = "", prompt: str = "", finished: bool = True, **others: Any
) -> Sample:
    """A sample; `others` are Sample's other fields."""
    return Sample(prompt, completion, answer, finished, **others)


def batch(
    completions: Sequence[Sequence[Sequence[int]]],
    rewards: Sequence[float],
    *,
    columns: Mapping[str, Any] | None = None,
    prompts: Sequence[Sequence[int]] | None = None,
    finished: Sequence[bool] | None = None,
    minibatch_offsets: Sequence[int] | None = None,
    step: int = 1,
    seed: int = 0,
) -> Batch:
    """A batch of transforms and schedules: for each group, the tokens of each completion.

    Without `prompts` each is one token, 0; without `minibatch_offsets` all is one mini-batch.
    """
    import numpy as np

    from .batch import Batch, read_only

    sequences = [tokens for group in completions for tokens in group]
    prompts = prompts if prompts is not None else [[0]] * len(completions)
    if len(rewards) != len(sequences) or len(prompts) != len(completions):
        raise ValueError(
            f"expected {len(sequences)} rewards and {len(completions)} prompts, got "
            f"{len(rewards)} and {len(prompts)}"
        )
    count = sum(map(len, sequences))
    return Batch(
        step=step,
        seed=seed,
        tokens=read_only([token for tokens in sequences for token in tokens], np.int32),
        rewards=read_only(rewards, np.float32),
        finished=read_only([True] * len(sequences) if finished is None else finished, np.bool_),
        offsets=_offsets(sequences),
        prompt_tokens=read_only([token for prompt in prompts for token in prompt], np.int32),
        prompt_offsets=_offsets(prompts),
        group_offsets=_offsets(completions),
        minibatch_offsets=read_only(minibatch_offsets or [0, len(sequences)], np.int64),
        _columns=_columns(columns or {}, count),
    )


def objective_batch(
    lengths: Sequence[int],
    *,
    advantages: Any,
    log_probabilities: Any,
    entropies: Any = None,
    levers: Any = None,
    columns: Mapping[str, Any] | None = None,
    shares: Sequence[float] | None = None,
    groups: Sequence[int] | None = None,
    minibatch_token_count: int | None = None,
    minibatch_sequence_count: int | None = None,
    step: int = 1,
    update: int = 0,
) -> ObjectiveBatch:
    """A batch of objectives: some sequences of these lengths, a whole mini-batch unless told.

    Without `shares` each token has one over the mini-batch's tokens; without `groups` all sequences
    are of one group.
    """
    import numpy as np

    from .batch import ObjectiveBatch, read_only

    count = sum(lengths)
    total = count if minibatch_token_count is None else minibatch_token_count
    given = {
        "log_probabilities": log_probabilities,
        "entropies": np.ones(count) if entropies is None else entropies,
        "levers": np.ones(count) if levers is None else levers,
        "advantages": advantages,
    }
    return ObjectiveBatch(
        **_columns(given, count),
        step=step,
        update=update,
        minibatch_token_count=total,
        minibatch_sequence_count=minibatch_sequence_count or len(lengths),
        offsets=_offsets([range(length) for length in lengths]),
        sequence_shares=read_only(
            [1 / max(total, 1)] * len(lengths) if shares is None else shares, np.float64
        ),
        group_of_sequence=read_only([0] * len(lengths) if groups is None else groups, np.int64),
        _columns=_columns(columns or {}, count),
    )


def _offsets(parts: Sequence[Any]) -> Array:
    import numpy as np

    from .batch import read_only

    return read_only(np.cumsum([0, *map(len, parts)]), np.int64)


def _columns(columns: Mapping[str, Any], count: int) -> dict[str, Array]:
    import numpy as np

    from .batch import read_only

    arrays = {name: read_only(values, np.float32) for name, values in columns.items()}
    for name, array in arrays.items():
        if array.ndim not in (1, 2) or len(array) != count:
            raise ValueError(
                f"{name}: expected {count} values, one for each token, got {array.shape}"
            )
    return arrays
