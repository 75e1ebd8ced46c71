"""What runs on the machine, and what lies about."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def family(pid: int) -> list[int]:
    """A process's descendants, and all that are in the sessions that it has begun."""
    table = _table()
    found: list[int] = []
    waiting = [pid]
    while waiting:
        own = waiting.pop()
        for number, (parent, session) in table.items():
            if (parent == own or session == own) and number not in (*found, pid):
                found.append(number)
                waiting.append(number)
    return found


def samplers(pid: int) -> list[int]:
    """The processes of vLLM that an engine has started, their leader first."""
    table = _table()
    own = [number for number in family(pid) if b"fulcrum_vllm" in _words(number)]
    leaders = {table[number][1] for number in own if number in table}
    # Whoever is in a leader's session is vLLM's, whatever it calls itself.
    others = [number for number, (_, session) in table.items() if session in leaders]
    return sorted({*own, *others}, key=lambda number: (number not in leaders, number))


def are_gone(pids: list[int], seconds: float) -> bool:
    """Whether all have ended in time."""
    return comes_true(lambda: not any(is_running(pid) for pid in pids), seconds)


def comes_true(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether something holds in time."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def is_running(pid: int) -> bool:
    """Whether a process runs, or is stopped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def exchange_of(pid: int) -> Path:
    """The folder that a process of vLLM shares with its engine."""
    folder = Path(_words(pid).split(b"\0")[-2].decode())
    assert folder.name.startswith("fulcrum-vllm-") and folder.is_dir()
    return folder


def shared_memory(pids: list[int]) -> set[Path]:
    """The named pieces of shared memory that processes use."""
    found: set[Path] = set()
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        except OSError:
            continue
        names = [line.split()[-1] for line in lines if "/dev/shm/" in line]
        found |= {Path(name) for name in names if Path(name).exists()}
    return found


def _table() -> dict[int, tuple[int, int]]:
    table = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] not in "ZX":
                table[int(folder.name)] = (int(fields[1]), int(fields[3]))
    return table


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
