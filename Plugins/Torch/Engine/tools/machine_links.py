"""Times what ranks pass on to each other, within a node and between nodes."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
import torch.distributed as dist

from fulcrum_engine.place import local_size
from fulcrum_engine.ranks import Ranks

_SMALL = 256
# Elements of f32: 32 MiB.
_LARGE = 8 << 20
_SMALL_TIMES = 50
_LARGE_TIMES = 3


@dataclass(frozen=True)
class Link:
    """A ring of ranks.

    Attributes:
        bandwidth: bytes a second that a rank, or a node, sends to the next.
        latency: seconds from one rank to the next.
    """

    bandwidth: float
    latency: float


@dataclass(frozen=True)
class Links:
    """None: too few ranks or nodes to tell."""

    within: Link | None
    between: Link | None


def measure_links(ranks: Ranks) -> Links:
    """Measures a sum over one node's ranks, and over all ranks of several nodes.

    A ring's sum of S bytes over n ranks takes 2 (n − 1) latencies, and sends 2 (n − 1) / n · S.
    """
    if ranks.world == 1:
        return Links(None, None)
    size = ranks.largest(local_size())
    within = between = None
    if size > 1:
        nodes = range(0, ranks.world, size)
        groups = [dist.new_group(list(range(first, first + size))) for first in nodes]
        within = _measure(ranks, groups[ranks.rank // size], size)
    if ranks.world > size:
        everyone = _measure(ranks, None, ranks.world)
        # The ring's steps within nodes are known; the rest are between them.
        crossing = ranks.world // size
        inside = ranks.world - crossing
        latency = everyone.latency * ranks.world - inside * (within.latency if within else 0.0)
        between = Link(everyone.bandwidth, max(0.0, latency / crossing))
    return Links(within, between)


def _measure(ranks: Ranks, group: dist.ProcessGroup | None, count: int) -> Link:
    small = _seconds(ranks, group, _SMALL, _SMALL_TIMES)
    large = _seconds(ranks, group, _LARGE, _LARGE_TIMES)
    sent = 2 * (count - 1) / count * 4 * (_LARGE - _SMALL)
    return Link(sent / max(1e-9, large - small), small / (2 * (count - 1)))


def _seconds(ranks: Ranks, group: dist.ProcessGroup | None, elements: int, times: int) -> float:
    """Returns the median seconds of a sum."""
    tensor = torch.zeros(elements, device=ranks.device)
    taken = []
    for number in range(times + 1):
        ranks.wait()
        began = time.perf_counter()
        dist.all_reduce(tensor, group=group)
        if ranks.device.type == "cuda":
            torch.cuda.synchronize(ranks.device)
        if number > 0:
            taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]
