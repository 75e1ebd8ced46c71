"""Starts torchrun on several hosts, for `policy.launch`:

    python -m fulcrum_engine.launch --hosts node-a,node-b --per-host 4 COMMAND

starts on each host, by ssh where it is another one, an agent (`host_agent.py`) that runs torchrun
with COMMAND. What the ranks must know, the host's secret among it, goes to the agents' standard
input: a command line is for all to read. An agent ends all that it started when its standard input
ends, so nothing outlives this process, however it ends.

All hosts see the interpreter, the engine's package and the working folder at the same paths.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

_AGENT = Path(__file__).resolve().with_name("host_agent.py")
# Of a connection that breaks, ssh ends within a minute.
_REMOTE = "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 {host}"
# What the other hosts' ranks are told of this one's environment.
_PREFIXES = (
    "FULCRUM_", "PYTHON", "HF_", "TRANSFORMERS_", "TOKENIZERS_", "TORCH_", "NCCL_", "GLOO_", "OMP_",
    "GOMP_", "MKL_",
)  # fmt: skip
# Agents need some of it; one that can't be reached is left to itself.
_FAREWELL_SECONDS = 2.0
_PORT = 29500


def main(words: Sequence[str] | None = None) -> int:
    """Runs a command on all hosts; gives the exit status: 0 if it is every host's."""
    options = _options(words)
    hosts = [host for host in options.hosts.split(",") if host]
    if not hosts or not options.command:
        print("fulcrum_engine.launch: expected --hosts A,B and a command", file=sys.stderr)
        return 2
    # A scheduler's, or a terminal's that closes.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: sys.exit(1))
    port = options.master_port or (_free_port() if _is_here(hosts[0]) else _PORT)
    names = [name for name in options.export.split(",") if name]
    running: list[tuple[str, subprocess.Popen[bytes]]] = []
    try:
        for number, host in enumerate(hosts):
            torchrun = [
                sys.executable, "-m", "torch.distributed.run", "--nnodes", str(len(hosts)),
                "--node-rank", str(number), "--nproc-per-node", options.per_host,
                "--master-addr", options.master_addr or _outside(hosts[0]),
                "--master-port", str(port), "--max-restarts", "0", "--no-python",
                *options.command,
            ]  # fmt: skip
            running.append((host, _start(host, options.remote, torchrun, names)))
        return _wait(running)
    finally:
        _end([process for _, process in running])


def exported(environment: Mapping[str, str], names: Sequence[str] = ()) -> dict[str, str]:
    """What other hosts' ranks are told of an environment."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_PREFIXES) or name in names
    }


def command_on(host: str, remote: str) -> list[str]:
    """What starts the agent on a host: `remote` with one more word, a line for a shell there."""
    agent = [sys.executable, "-I", str(_AGENT)]
    if _is_here(host):
        return agent
    return [*(word.replace("{host}", host) for word in shlex.split(remote)), shlex.join(agent)]


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m fulcrum_engine.launch",
        description="Starts torchrun on several hosts; all of it ends when this does.",
        allow_abbrev=False,
    )
    parser.add_argument("--hosts", required=True, help="A,B,…; rank 0 is on the first")
    parser.add_argument("--per-host", default="gpu", help="ranks of a host; gpu: one for each GPU")
    parser.add_argument(
        "--remote",
        default=_REMOTE,
        help="what runs a shell's line on {host}, its standard input being this one's: %(default)s",
    )
    parser.add_argument("--master-addr", default="", help="where ranks meet: the first host")
    parser.add_argument(
        "--master-port",
        type=int,
        default=0,
        help=f"and its port; 0: a free one if that host is this one, else {_PORT}",
    )
    parser.add_argument(
        "--export",
        default="",
        help="A,B,…: variables that ranks get beside those of Fulcrum, Python, PyTorch, NCCL, Gloo",
    )
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what each rank runs")
    return parser.parse_args(words)


def _start(
    host: str, remote: str, command: list[str], names: Sequence[str]
) -> subprocess.Popen[bytes]:
    # Whoever ends this process's group leaves it to the agent here to end its own.
    process = subprocess.Popen(
        command_on(host, remote), stdin=subprocess.PIPE, start_new_session=_is_here(host)
    )
    order = {
        "folder": os.getcwd(),
        "environment": exported(os.environ, names),
        "command": command,
    }
    assert process.stdin is not None
    # One that has ended at once is seen by its status.
    with suppress(OSError):
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
    return process


def _wait(running: list[tuple[str, subprocess.Popen[bytes]]]) -> int:
    while True:
        states = [(host, process.poll()) for host, process in running]
        for host, status in states:
            if status:
                how = f"status {status}" if status > 0 else f"signal {-status}"
                print(f"fulcrum_engine.launch: '{host}' ended with {how}", file=sys.stderr)
                return 1
        if all(status == 0 for _, status in states):
            return 0
        time.sleep(0.05)


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        with suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
    deadline = time.monotonic() + _FAREWELL_SECONDS
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.0, deadline - time.monotonic()))
    for process in processes:
        process.kill()


def _is_here(host: str) -> bool:
    own = socket.gethostname()
    return host in ("localhost", own, own.partition(".")[0])


def _outside(host: str) -> str:
    return socket.gethostname() if host == "localhost" else host


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    sys.exit(main())
