"""Starting ranks on several hosts: here all of them are this machine, behind a shell."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import ROOT

from fulcrum_engine.launch import command_on, exported

SECRET = "5ec7e7" * 10
# What a rank of the tests does: it notes who it is, and goes on as the test says.
RANK = """
import json, os, pathlib, sys, time
names = ["RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "FULCRUM_ENGINE_TOKEN", "HOST"]
note = {name: os.environ.get(name) for name in names} | {"pid": os.getpid(), "cwd": os.getcwd()}
pathlib.Path(sys.argv[1], "rank-" + os.environ["RANK"]).write_text(json.dumps(note))
if sys.argv[2] == "wait":
    time.sleep(300)
sys.exit(3 if sys.argv[2] == "fail" and os.environ["RANK"] == "1" else 0)
"""


def start(folder: Path, deed: str, remote: str = "env HOST={host} sh -c") -> subprocess.Popen[str]:
    (folder / "rank.py").write_text(RANK)
    folders = [str(ROOT / "Python"), str(Path(__file__).resolve().parents[1])]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(folders),
        "FULCRUM_ENGINE_TOKEN": SECRET,
        "OMP_NUM_THREADS": "1",
    }
    command = [
        sys.executable, "-m", "fulcrum_engine.launch", "--hosts", "left,right", "--per-host", "1",
        "--remote", remote, "--master-addr", "127.0.0.1", "--master-port", str(_free_port()),
        sys.executable, "rank.py", str(folder), deed,
    ]  # fmt: skip
    return subprocess.Popen(command, env=environment, cwd=folder, text=True, stderr=subprocess.PIPE)


def notes(folder: Path, process: subprocess.Popen[str]) -> list[dict[str, str]]:
    """What two ranks noted; waits for it."""
    deadline = time.monotonic() + 120
    files = [folder / f"rank-{rank}" for rank in range(2)]
    while not all(file.exists() and file.read_text().endswith("}") for file in files):
        assert time.monotonic() < deadline and process.poll() is None
        time.sleep(0.02)
    return [json.loads(file.read_text()) for file in files]


def is_running(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_each_host_has_its_ranks_and_no_command_line_the_secret(tmp_path: Path) -> None:
    process = start(tmp_path, "wait")
    try:
        first, second = notes(tmp_path, process)
        lines = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    lines.append((folder / "cmdline").read_bytes())
                except OSError:
                    continue
        assert any(b"host_agent.py" in line for line in lines)
        assert not any(SECRET.encode() in line for line in lines)
    finally:
        process.terminate()
        process.communicate(timeout=20)
    assert (first["HOST"], second["HOST"]) == ("left", "right")
    assert (first["RANK"], second["RANK"], second["WORLD_SIZE"]) == ("0", "1", "2")
    assert second["LOCAL_RANK"] == "0" and second["MASTER_ADDR"] == "127.0.0.1"
    assert second["FULCRUM_ENGINE_TOKEN"] == SECRET
    assert second["cwd"] == str(tmp_path)
    assert not any(is_running(int(one["pid"])) for one in (first, second))


@pytest.mark.parametrize("deed", ["end", "fail"])
def test_the_status_is_that_of_all_hosts(tmp_path: Path, deed: str) -> None:
    process = start(tmp_path, deed)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == (1 if deed == "fail" else 0)
    assert ("fulcrum_engine.launch: 'right' ended with status 1" in errors) == (deed == "fail")


def test_all_ends_with_the_launcher_and_stopped_ranks_too(tmp_path: Path) -> None:
    process = start(tmp_path, "wait")
    ranks = [int(one["pid"]) for one in notes(tmp_path, process)]
    os.kill(ranks[1], signal.SIGSTOP)
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 20
    while any(is_running(rank) for rank in ranks) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(is_running(rank) for rank in ranks)


def test_a_host_without_the_working_folder_says_so(tmp_path: Path) -> None:
    # The shell takes the folder away before the agent looks for it.
    gone = tmp_path / "gone"
    gone.mkdir()
    process = start(gone, "wait", f"sh -c 'rm -r {gone}; exec sh -c \"$1\"' {{host}}")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "the working folder must be there on every host" in errors


def test_the_own_host_needs_no_remote_command() -> None:
    here = command_on(socket.gethostname(), "ssh {host}")
    assert here[0] == sys.executable and here[-1].endswith("host_agent.py")
    there = command_on("node-b", "ssh -p 22 {host}")
    assert there[:4] == ["ssh", "-p", "22", "node-b"] and len(there) == 5
    assert there[4].endswith("host_agent.py")


def test_what_other_hosts_are_told_of_the_environment() -> None:
    given = {"FULCRUM_ENGINE_TOKEN": "x", "NCCL_SOCKET_IFNAME": "eth0", "HOME": "/a", "MINE": "1"}
    assert set(exported(given)) == {"FULCRUM_ENGINE_TOKEN", "NCCL_SOCKET_IFNAME"}
    assert set(exported(given, ["MINE"])) >= {"MINE"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
