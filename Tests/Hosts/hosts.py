"""Two hosts as namespaces of this machine: each has a network, a name and processes of its own.

They are anonymous: a host is there while its first process is, and killing that one kills the host
with all its processes at once. A pair of veth is the link between them.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path

NAMES = ("node-a", "node-b")
_ADDRESSES = {"node-a": "10.97.0.1", "node-b": "10.97.0.2"}
# Begins a host: its name, who the others are, and no server of names to wait for.
_INIT = """
hostname {name} && ip link set lo up &&
mount --bind {folder}/hosts /etc/hosts && mount --bind {folder}/resolv.conf /etc/resolv.conf &&
exec {python} {shell} serve
"""
_SHELL = Path(__file__).resolve().with_name("shell.py")


def lack() -> str | None:
    """Why this machine can't have hosts as namespaces; None: it can."""
    for name in ("ip", "tc", "unshare", "nsenter"):
        if shutil.which(name) is None:
            return f"no {name}"
    made = subprocess.run(
        ["unshare", "--net", "--uts", "--pid", "--fork", "--mount-proc", "sh", "-c",
         "hostname x && ip link add va type veth peer name vb && ip link set lo up"],
        capture_output=True, text=True,
    )  # fmt: skip
    return None if made.returncode == 0 else "no namespaces"


class Host:
    """A network, a name and processes, from `begin` to `kill`."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.init = 0

    def begin(self) -> None:
        words = {"folder": self.folder, "python": sys.executable, "shell": _SHELL}
        line = _INIT.format(name=self.name, **{k: shlex.quote(str(v)) for k, v in words.items()})
        self._outer = subprocess.Popen(
            ["unshare", "--net", "--uts", "--pid", "--mount", "--fork", "--mount-proc",
             "--kill-child", "sh", "-c", line],
            start_new_session=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert self._outer.stdout is not None
        assert self._outer.stdout.readline() == b"up\n", f"{self.name} is not up"
        number = self._outer.pid
        self.init = int(Path(f"/proc/{number}/task/{number}/children").read_text())

    def kill(self) -> None:
        """Ends the host as a loss of power does: all its processes at once."""
        os.kill(self.init, signal.SIGKILL)
        self._outer.wait()

    def command(self, *words: str | Path) -> list[str]:
        """What runs a command there, in the test's folder."""
        enter = ["nsenter", "-t", str(self.init), "-m", "-u", "-n", "-p"]
        return [*enter, "env", "-C", str(self.folder), *map(str, words)]

    def run(self, *words: str) -> None:
        subprocess.run(self.command(*words), check=True)

    def processes(self) -> list[int]:
        """All that lives there but the first process; none if the host is gone."""
        found = []
        try:
            space = os.readlink(f"/proc/{self.init}/ns/pid")
        except OSError:
            return []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != self.init:
                try:
                    own = os.readlink(folder / "ns/pid")
                    state = (folder / "stat").read_text().rpartition(")")[2].split()[0]
                except OSError:
                    continue
                if own == space and state not in "ZX":
                    found.append(int(folder.name))
        return found

    def rank(self) -> int:
        """The process of its rank."""
        for number in self.processes():
            words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
            if words[1:3] == [b"-m", b"fulcrum_engine"]:
                return number
        raise AssertionError(f"no rank on {self.name}")


class Pair:
    """Two hosts that reach each other.

    Attributes:
        remote: the words that run a shell's line on `{host}` from the other one.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        lines = ["127.0.0.1 localhost", *(f"{_ADDRESSES[name]} {name}" for name in NAMES)]
        (folder / "hosts").write_text("\n".join(lines) + "\n")
        (folder / "resolv.conf").write_text("")
        self.remote = shlex.join([sys.executable, str(_SHELL), "{host}"])
        self.hosts = {name: Host(name, folder) for name in NAMES}
        for host in self.hosts.values():
            host.begin()
        self._link()

    def __getitem__(self, name: str) -> Host:
        return self.hosts[name]

    def replace(self, name: str) -> None:
        """Brings up a new machine of the same name, in place of one that was killed."""
        self.hosts[name].begin()
        self._link()

    def close(self) -> None:
        for host in self.hosts.values():
            if Path(f"/proc/{host.init}").exists():
                host.kill()

    def _link(self) -> None:
        first, second = (self.hosts[name] for name in NAMES)
        # One that lost its peer may still be there for a moment.
        subprocess.run(first.command("ip", "link", "del", "eth0"), capture_output=True)
        subprocess.run(second.command("ip", "link", "del", "eth0"), capture_output=True)
        words = f"ip link add eth0 netns {first.init} type veth peer name eth0 netns {second.init}"
        subprocess.run(words.split(), check=True)
        for host in (first, second):
            host.run("ip", "addr", "add", f"{_ADDRESSES[host.name]}/24", "dev", "eth0")
            host.run("ip", "link", "set", "eth0", "up")
