"""Tries a plugin without the host: its parameters and results are checked as in a run.

    plugin = fulcrum.testing.load("damp-unlikely.py")
    batch = fulcrum.testing.batch(completions=[[[2, 3], [4]]], rewards=[1, -1])
    plugin.transform("damp-unlikely", [1, 1, -1], batch, alpha=0.5)

Works in pytest, unittest and by itself. NumPy is needed for what is given arrays.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import loading
from .parameters import configuration_name
from .rewards import Missing, Sample, Score, score
from .tasks import Task

if TYPE_CHECKING:
    from .batch import Array, Batch, ObjectiveBatch


class Plugin:
    """A loaded file. A component's name may be left out where the file has one of its kind.

    `metrics` are the means of the call that came last.
    """

    def __init__(self, file: str | os.PathLike[str]) -> None:
        plugin = loading.load(Path(file).absolute())
        self.components, self.version = plugin.components, plugin.version
        self.metrics: dict[str, float] = {}
        self._plugin = plugin

    def make(
        self, kind: str, name: str | None, parameters: Mapping[str, Any], seed: int = 0
    ) -> loading.Instance:
        """An instance; parameters by their Python names."""
        given = {configuration_name(key): value for key, value in parameters.items()}
        return loading.make(self._plugin.component(kind, name), given, seed)

    def transform(self, *arguments: Any, **parameters: Any) -> Array:
        """`transform([name,] advantages, batch, **parameters)`: the new advantages."""
        from .arrays import transform

        made, advantages, batch = self._bound("advantage-transform", 2, arguments, parameters)
        result = transform(made.component, made.values, advantages, batch)
        self._keep(batch)
        return result

    def phases(self, *arguments: Any, **parameters: Any) -> dict[str, Array | None]:
        """`phases([name,] advantages, batch, **parameters)`: each phase's mask; None: all."""
        from .arrays import phases

        made, advantages, batch = self._bound("update-scheduler", 2, arguments, parameters)
        result = phases(made.component, made.values, advantages, batch, made.passes)
        self._keep(batch)
        return result

    def weigh(self, *arguments: Any, **parameters: Any) -> list[Array]:
        """`weigh([name,] batch, **parameters)`: weights and losses, two or four arrays."""
        from .arrays import weigh

        made, batch = self._bound("policy-objective", 1, arguments, parameters)
        result = weigh(made.component, made.values, batch)
        self._keep(batch)
        return result

    def score(self, *arguments: Any, **parameters: Any) -> list[Score | Missing]:
        """`score([name,] samples, **parameters)`: a verdict for each sample."""
        name, (samples,) = _named(arguments, 1)
        made = self.make("reward", name, parameters)
        return score(made.component, made.values, samples)

    def task(self, name: str | None = None, *, seed: int = 0, **parameters: Any) -> Task:
        """The task; `items`, `held_out_items` and `demonstration` give what the host asks for."""
        task = self.make("task", name, parameters, seed).task
        assert task is not None
        return task

    def _bound(
        self, kind: str, count: int, arguments: tuple[Any, ...], parameters: Mapping[str, Any]
    ) -> tuple[Any, ...]:
        import numpy as np

        from .batch import read_only

        name, (*advantages, batch) = _named(arguments, count)
        made = self.make(kind, name, parameters, batch.seed)
        return (
            made,
            *(read_only(values, np.float32) for values in advantages),
            batch.of(made.needs),
        )

    def _keep(self, batch: Any) -> None:
        self.metrics = {
            name: total / count for name, (total, count) in batch.metrics.items() if count
        }


def load(file: str | os.PathLike[str]) -> Plugin:
    """Loads a plugin's file.

    - Raises what the file raises; fulcrum.errors.Fault if it registers nothing.
    """
    return Plugin(file)


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


def _named(arguments: tuple[Any, ...], count: int) -> tuple[str | None, tuple[Any, ...]]:
    if len(arguments) == count + 1 and isinstance(arguments[0], str):
        return arguments[0], arguments[1:]
    if len(arguments) != count:
        raise TypeError(f"expected {count} arguments, and the component's name before them")
    return None, arguments


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
