"""Where a host listens: connections to it, and what it leaves behind."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path

from .wire import Channel, Op

_CONNECT_SECONDS = 30.0


def connect(address: str, token: str, role: str, rank: int = 0, world: int = 1) -> Channel:
    """Opens a connection and says hello.

    `address` is `unix:/path` or `tcp:host:port`, `token` the host's secret of this run, `role`
    lifeline or calls.

    - Raises ValueError for an address of another form; OSError if nobody answers there.
    """
    kind, _, rest = address.partition(":")
    if kind == "unix" and rest:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(rest)
    elif kind == "tcp" and rest.rpartition(":")[0] and rest.rpartition(":")[2].isdecimal():
        host, _, port = rest.rpartition(":")
        sock = socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS)
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_alive(sock)
    else:
        raise ValueError(f"expected an address unix:/path or tcp:host:port, got {address!r}")
    channel = Channel(sock)
    hello = {
        "token": token,
        "role": role,
        "rank": rank,
        "worldSize": world,
        "pid": os.getpid(),
        "host": socket.gethostname(),
    }
    channel.send(Op.HELLO, 0, hello)
    return channel


def _keep_alive(sock: socket.socket) -> None:
    """Lets the system notice within some 90 s that the host's machine is gone.

    By probes while nothing is under way, else by what is not acknowledged, for which the system's
    own patience is a quarter of an hour.
    """
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (
        ("TCP_KEEPIDLE", 30),
        ("TCP_KEEPINTVL", 10),
        ("TCP_KEEPCNT", 6),
        ("TCP_USER_TIMEOUT", 90_000),
    ):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def remove_socket(address: str) -> None:
    """Removes a socket whose host has ended without doing so, with its folder."""
    kind, _, rest = address.partition(":")
    folder = Path(rest).parent
    if kind == "unix" and folder.name.startswith("fulcrum."):
        with suppress(OSError):
            Path(rest).unlink()
        with suppress(OSError):
            folder.rmdir()
