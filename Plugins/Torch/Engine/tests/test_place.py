"""Where launchers say that a rank stands, and where ranks meet."""

from __future__ import annotations

import pytest

from fulcrum_engine.place import Place, first_host, local_size, set_meeting_point

SLURM = {"SLURM_PROCID": "5", "SLURM_NTASKS": "8", "SLURM_LOCALID": "1"}
TORCHRUN = {"RANK": "2", "WORLD_SIZE": "4", "LOCAL_RANK": "0"}
MPI = {
    "OMPI_COMM_WORLD_RANK": "3",
    "OMPI_COMM_WORLD_SIZE": "6",
    "OMPI_COMM_WORLD_LOCAL_RANK": "2",
}


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        ({}, Place(0, 1, 0)),
        (TORCHRUN, Place(2, 4, 0)),
        (SLURM, Place(5, 8, 1)),
        # torchrun inside of a SLURM job: its own numbers are the ones that count.
        ({**SLURM, **TORCHRUN}, Place(2, 4, 0)),
        (MPI, Place(3, 6, 2)),
        ({"PMI_RANK": "1", "PMI_SIZE": "2"}, Place(1, 2, 1)),
    ],
)
def test_a_rank_finds_its_place(environment: dict[str, str], place: Place) -> None:
    assert Place.of_environment(environment) == place


def test_a_rank_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValueError, match="x"):
        Place.of_environment({"RANK": "x", "WORLD_SIZE": "2"})


@pytest.mark.parametrize(
    ("nodes", "host"),
    [
        ("", ""),
        ("node1", "node1"),
        ("a,b[1-3]", "a"),
        ("node[07-12,15],other", "node07"),
        ("rack[2,4]-gpu,x", "rack2-gpu"),
    ],
)
def test_the_first_of_slurms_hosts_is_found(nodes: str, host: str) -> None:
    assert first_host(nodes) == host


def test_ranks_meet_where_the_launcher_says_or_at_the_first_host() -> None:
    own = {"MASTER_ADDR": "there", "MASTER_PORT": "1"}
    set_meeting_point(own)
    assert own == {"MASTER_ADDR": "there", "MASTER_PORT": "1"}
    slurm = {"SLURM_JOB_NODELIST": "n[3-4]"}
    set_meeting_point(slurm)
    assert slurm["MASTER_ADDR"] == "n3" and slurm["MASTER_PORT"] == "29500"
    alone: dict[str, str] = {}
    set_meeting_point(alone)
    assert alone["MASTER_ADDR"] == "127.0.0.1"


def test_ranks_of_a_machine_are_counted() -> None:
    assert local_size({}) == 1
    assert local_size({"LOCAL_WORLD_SIZE": "4"}) == 4
    assert local_size({"SLURM_NTASKS_PER_NODE": "8(x2)"}) == 1
