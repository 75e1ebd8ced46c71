"""Measures how fast the device multiplies matrices."""

from __future__ import annotations

import time

import torch

from .ranks import Ranks

# A product takes some milliseconds on either.
_CPU_SIDE = 1024
_CUDA_SIDE = 8192
_TIMES = 8


def peak(ranks: Ranks, dtype: torch.dtype) -> float:
    """Returns multiply-adds a second, times two, of all ranks: the best of some square products.

    All ranks multiply at the same time, as in a pass.
    """
    on_cuda = ranks.device.type == "cuda"
    side = _CUDA_SIDE if on_cuda else _CPU_SIDE
    one = torch.ones(side, side, dtype=dtype, device=ranks.device)
    result = torch.empty_like(one)
    best = 0.0
    ranks.wait()
    # The first makes libraries choose their kernels.
    for number in range(_TIMES + 1):
        began = time.perf_counter()
        torch.mm(one, one, out=result)
        if on_cuda:
            torch.cuda.synchronize(ranks.device)
        seconds = time.perf_counter() - began
        if number > 0:
            best = max(best, 2 * side**3 / seconds)
    return float(ranks.sum(torch.tensor(best, dtype=torch.float64)))
