"""Shares sampling out among the ranks: each decodes whole groups, and rank 0 gathers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.distributed.fsdp import FSDPModule

from .decoding import Decoder
from .errors import EngineError
from .ranks import Ranks
from .rows import Completions, Observer, Prompt, Request, check


def generate(
    decoder: Decoder,
    ranks: Ranks,
    prompts: Sequence[Prompt],
    request: Request,
    observe: Observer | None = None,
) -> Completions | None:
    """Samples completions, at rank 0; None elsewhere. All ranks call alike.

    Draws are keyed by the prompt's number, so N ranks draw what one draws. `observe` (rank 0)
    receives rank 0's tokens step by step, and the other ranks' behind them, at once.

    Raises:
        EngineError: on every rank, if one has failed; see `Decoder.generate`.
    """
    if ranks.world == 1:
        return decoder.generate(prompts, request, observe)
    check(prompts, request, decoder.context_length, decoder.vocabulary)
    bounds = np.linspace(0, len(prompts), ranks.world + 1).astype(int)
    own = slice(int(bounds[ranks.rank]), int(bounds[ranks.rank + 1]))
    empty = Completions(
        np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.float32), np.zeros(0, np.uint8)
    )
    found, error = empty, None
    try:
        found = decoder.generate(prompts[own], request, observe)
    except EngineError as raised:
        error = raised
    ranks.agree(error)
    return _gathered(ranks, found, bounds, request.samples_per_prompt, observe)


def _gathered(
    ranks: Ranks, own: Completions, bounds: np.ndarray, samples: int, observe: Observer | None
) -> Completions | None:
    starts = bounds * samples
    # Each rank fills in its own sequences; the sum is all of them.
    facts = torch.zeros(2, int(starts[-1]), dtype=torch.int64)
    mine = slice(int(starts[ranks.rank]), int(starts[ranks.rank + 1]))
    facts[0, mine] = torch.from_numpy(np.diff(own.offsets))
    facts[1, mine] = torch.from_numpy(own.finished.astype(np.int64))
    lengths, finished = ranks.sum(facts).numpy()
    counts = [int(lengths[a:b].sum()) for a, b in pairwise(starts)]
    # Token numbers are below 2^24: exact as f32.
    columns = np.stack([own.tokens.astype(np.float32), own.log_probabilities], 1)
    parts = ranks.gather(torch.from_numpy(columns), counts)
    if parts is None:
        return None
    table = torch.cat(parts).numpy()
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    result = Completions(
        table[:, 0].astype(np.int32), offsets, table[:, 1].copy(), finished.astype(np.uint8)
    )
    if observe is not None and counts[0] < len(table):
        sequences = np.repeat(np.arange(len(lengths)), lengths)[counts[0] :].astype(np.int32)
        observe(sequences // samples, sequences % samples, result.tokens[counts[0] :])
    return result


@contextmanager
def whole_weights(scorer: nn.Module) -> Iterator[None]:
    """Within, each rank has all weights of a model that FSDP2 has sharded; else changes nothing.

    So ranks may run as many passes as their samples need, without waiting for each other.
    """
    sharded = [module for module in scorer.modules() if isinstance(module, FSDPModule)]
    if not sharded:
        yield
        return
    for module in sharded:
        module.set_reshard_after_forward(False, recurse=False)
        module.unshard()
    try:
        yield
    finally:
        for module in sharded:
            module.set_reshard_after_forward(True, recurse=False)
            module.reshard()
