"""A run on two hosts: its update, and what it leaves when one of them fails."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import LIMIT, STEPS, Cluster, same_bits

# What a run ends after when nothing but silence tells: the limit, the moment in which last words
# may come, the end of the ranks here, and what a busy machine takes for it.
SECONDS_OF_SILENCE = LIMIT + 7
# And when a connection's end tells.
SECONDS_OF_AN_END = 10
SLOW = pytest.mark.skipif("FULCRUM_QUICK" in os.environ, reason="FULCRUM_QUICK is set")


def test_two_hosts_make_the_update_of_one(cluster: Cluster, whole: Path) -> None:
    alone = cluster.train("alone", is_spread=False)
    same_bits(alone, whole, STEPS)
    assert cluster.left(cluster.node_a) == []
    assert cluster.left(cluster.node_b) == []


def test_a_slow_link_changes_nothing(cluster: Cluster, whole: Path) -> None:
    # 5 MB of gradients at 20 Mbit/s: two seconds each time, not milliseconds.
    slow = "tc qdisc add dev eth0 root tbf rate 20mbit burst 64kb latency 400ms"
    cluster.node_a.run(*slow.split())
    cluster.node_b.run(*slow.split())
    try:
        began = time.monotonic()
        run = cluster.train("slow")
        print(f"FAULT slow link: {time.monotonic() - began:.1f} s for the whole run")
    finally:
        for host in (cluster.node_a, cluster.node_b):
            host.run("tc", "qdisc", "del", "dev", "eth0", "root")
    same_bits(whole, run, STEPS)


def kill_rank_1(cluster: Cluster) -> None:
    os.kill(cluster.node_b.rank(), signal.SIGKILL)


def kill_the_other_host(cluster: Cluster) -> None:
    cluster.node_b.kill()


def cut_the_link(cluster: Cluster) -> None:
    cluster.node_b.run("ip", "link", "set", "eth0", "down")


def stop_rank_1(cluster: Cluster) -> None:
    os.kill(cluster.node_b.rank(), signal.SIGSTOP)


def hang_rank_1(cluster: Cluster) -> None:
    os.kill(cluster.node_b.rank(), signal.SIGUSR1)


AT = r"last heard of (in '\w+'|between calls)"
ENDED = r"rank {} of 2 on node-{} ended, " + AT
SILENT = r"rank {} of 2 on node-{} has been silent for \d+ s, " + AT
LATE = r"the others wait for rank {} of 2 on node-{}, " + AT


@pytest.mark.parametrize(
    ("fault", "sentence", "seconds"),
    [
        (kill_rank_1, ENDED.format(1, "b"), SECONDS_OF_AN_END),
        (kill_the_other_host, ENDED.format(1, "b"), SECONDS_OF_AN_END),
        (cut_the_link, SILENT.format(1, "b"), SECONDS_OF_SILENCE),
        (stop_rank_1, SILENT.format(1, "b"), SECONDS_OF_SILENCE),
        pytest.param(hang_rank_1, LATE.format(1, "b"), SECONDS_OF_SILENCE, marks=SLOW),
    ],
)
def test_a_fault_is_named_and_the_run_goes_on(
    cluster: Cluster, whole: Path, fault: Callable[[Cluster], None], sentence: str, seconds: float
) -> None:
    name = fault.__name__
    process = cluster.started(name)
    fault(cluster)
    began = time.monotonic()
    text, _ = process.communicate(timeout=LIMIT + 60)
    took = time.monotonic() - began
    assert process.returncode == 1, text
    error = next((line for line in text.splitlines() if "is lost" in line or "silent" in line), "")
    print(f"FAULT {name}: {took:.1f} s: {error}")
    assert re.search(sentence, error), text
    assert took < seconds
    assert cluster.left(cluster.node_a) == []
    if fault is kill_the_other_host:
        cluster.pair.replace("node-b")
    # What was cut off ends when the link is there again, and tells that the first host is gone.
    cluster.node_b.run("ip", "link", "set", "eth0", "up")
    assert cluster.left(cluster.node_b, 40) == []
    cluster.run("resume", cluster.folder / name)
    same_bits(whole, cluster.folder / name, STEPS)


@SLOW
def test_the_end_of_the_first_host_ends_the_ranks_of_the_other(
    cluster: Cluster, whole: Path
) -> None:
    process = cluster.started("first-host")
    cluster.node_a.kill()
    began = time.monotonic()
    process.communicate(timeout=30)
    assert cluster.left(cluster.node_b) == []
    print(f"FAULT kill the first host: nothing on the other after {time.monotonic() - began:.1f} s")
    cluster.pair.replace("node-a")
    cluster.run("resume", cluster.folder / "first-host")
    same_bits(whole, cluster.folder / "first-host", STEPS)
