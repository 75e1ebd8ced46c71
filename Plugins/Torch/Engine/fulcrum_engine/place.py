"""Where a process stands among those that were launched together; read before torch is there."""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass

_ENVIRONMENTS = (
    ("RANK", "WORLD_SIZE", "LOCAL_RANK"),
    ("SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID"),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_LOCAL_RANK"),
    ("PMI_RANK", "PMI_SIZE", "MPI_LOCALRANKID"),
)
_LOCAL_SIZES = ("LOCAL_WORLD_SIZE", "SLURM_NTASKS_PER_NODE", "OMPI_COMM_WORLD_LOCAL_SIZE")
_PORT = "29500"


@dataclass(frozen=True)
class Place:
    """A rank, of how many, and its number on its machine."""

    rank: int = 0
    world: int = 1
    local_rank: int = 0

    @staticmethod
    def of_environment(environment: Mapping[str, str] = os.environ) -> Place:
        """Returns what torchrun, srun or mpirun says, else rank 0 of 1.

        Raises:
            ValueError: a variable is no number.
        """
        for rank, world, local_rank in _ENVIRONMENTS:
            if rank in environment and world in environment:
                own = environment[rank]
                return Place(
                    int(own), int(environment[world]), int(environment.get(local_rank, own))
                )
        return Place()


def local_size(environment: Mapping[str, str] = os.environ) -> int:
    """How many ranks share this machine, as far as the launcher says."""
    for name in _LOCAL_SIZES:
        if environment.get(name, "").isdecimal():
            return max(1, int(environment[name]))
    return 1


def set_meeting_point(environment: MutableMapping[str, str] = os.environ) -> None:
    """Sets where ranks meet, MASTER_ADDR and MASTER_PORT, if the launcher hasn't."""
    nodes = environment.get("SLURM_STEP_NODELIST") or environment.get("SLURM_JOB_NODELIST") or ""
    environment.setdefault("MASTER_ADDR", first_host(nodes) or "127.0.0.1")
    environment.setdefault("MASTER_PORT", _PORT)


def first_host(nodes: str) -> str:
    """The first host of SLURM's list: `node[07-12,15],other` gives `node07`."""
    name, bracket, rest = nodes.partition("[")
    if "," in name or not bracket:
        return name.partition(",")[0]
    numbers, _, after = rest.partition("]")
    number = numbers.partition(",")[0].partition("-")[0]
    return name + number + after.partition(",")[0]
